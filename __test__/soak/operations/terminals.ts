// Operations on terminals: their size, bytes both ways with resizes in between, ends at any moment.

import { strictEqual } from 'node:assert'
import { run, spawn } from '../../../index.ts'
import { KnownStream, knownBytes } from '../../helpers/known-stream.ts'
import { flood } from '../../helpers/programs.ts'
import { readOn } from '../reading.ts'
import { aMoment, codeOf, describeExit, endsWith, isOneOf, type Hold, type Operation, type Scene } from '../scene.ts'

/** A terminal is a session of its own, which only some ways can hold. */
function anySessionHold({ draw, holds }: Scene): Hold {
  return draw.one(holds.filter(({ containment }) => containment !== 'none'))
}

export const size: Operation = async scene => {
  const { draw } = scene
  const [columns, rows] = [draw.between(1, 500), draw.between(1, 500)]
  const terminal = { columns, rows }
  strictEqual((await run('stty', ['size'], { ...anySessionHold(scene), terminal })).stdout, `${rows} ${columns}`)
  const child = await spawn('sh', ['-c', 'read go; stty size'], { ...anySessionHold(scene), terminal })
  child.resize(rows, columns)
  await child.stdin.write('\n')
  strictEqual((await child.stdout.text()).trim(), `${columns} ${rows}`)
  await endsWith(child, 0)
}

export const rawBytes: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(200_000) + 1
  const child = await spawn('head', ['-c', String(total)], { ...anySessionHold(scene), terminal: { raw: true } })
  const written = (async () => {
    for (let offset = 0; offset < total;) {
      const chunk = knownBytes(offset, Math.min(total - offset, 1 + draw.size(30_000)))
      await child.stdin.write(chunk)
      child.resize(1 + (offset % 200), 1 + (offset % 50))
      offset += chunk.length
    }
  })()
  const known = new KnownStream()
  await readOn(draw, child.stdout, known)
  await written
  strictEqual(known.offset, total)
  await endsWith(child, 0)
}

export const terminalEnds: Operation = async scene => {
  const { draw } = scene
  const child = await spawn(flood, [], { ...anySessionHold(scene), terminal: { raw: true }, killTimeout: 500 })
  const known = new KnownStream()
  for (let reads = draw.between(0, 5); reads > 0; reads--) known.push((await child.stdout.read()) ?? new Uint8Array())
  await aMoment(scene)
  if (draw.chance(0.5)) {
    await child.stdout.cancel()
    isOneOf(describeExit(await child.closed), ['signal SIGHUP', 'exit 0', 'exit 1', 'signal SIGPIPE'])
  } else {
    isOneOf(describeExit(await child.terminate()), ['signal SIGTERM'])
    isOneOf(await codeOf(readOn(draw, child.stdout, known)), ['ERR_PROCESS_FAILED'])
  }
}

export const shellEnds: Operation = async scene => {
  const child = await spawn('sh', ['-c', 'sleep 600 | cat'], {
    ...anySessionHold(scene),
    terminal: true,
    killTimeout: 500,
  })
  await aMoment(scene)
  isOneOf(describeExit(await child.terminate()), ['signal SIGTERM'])
  await child.stdout.cancel()
}
