// Operations on bytes: output read in every way, echoes, lines, collected output, output that is left early.

import { strictEqual } from 'node:assert'
import { run, spawn, stream } from '../../../index.ts'
import { KnownStream, knownBytes } from '../../helpers/known-stream.ts'
import { echoServer, flood, trickle } from '../../helpers/programs.ts'
import { readKnown, readOn } from '../reading.ts'
import { aMoment, anyHold, codeOf, describeExit, endsWith, isOneOf, type Operation } from '../scene.ts'

const AHEAD = [0, 0, 1000, 4096, 70_000] as const

export const output: Operation = async scene => {
  const { draw } = scene
  const [total, code] = [draw.size(draw.chance(0.1) ? 8_000_000 : 300_000), draw.one([0, 0, draw.between(1, 255)])]
  const words = ['--total', String(total), '--block', String(draw.between(300, 200_000)), '--exit', String(code)]
  const child = await spawn(flood, words, {
    ...anyHold(scene),
    readAhead: draw.one(AHEAD),
    ...(draw.chance(0.2) && { pipeSize: draw.one([4096, 262_144]) }),
    stderr: draw.one(['ignore', { tail: 100 }] as const),
  })
  await aMoment(scene, 10)
  strictEqual(await readKnown(draw, child.stdout), total)
  strictEqual(await child.stdout.read(), null)
  await endsWith(child, code)
  strictEqual(child.metrics().bytesRead, total)
}

export const slowOutput: Operation = async scene => {
  const { draw } = scene
  const [bytes, count] = [draw.between(1, 20_000), draw.between(1, 30)]
  const words = ['--bytes', String(bytes), '--count', String(count), '--every', '1']
  const child = await spawn(trickle, words, { ...anyHold(scene), readAhead: draw.one(AHEAD) })
  strictEqual(await readKnown(draw, child.stdout), bytes * count)
  await endsWith(child, 0)
}

export const echo: Operation = async scene => {
  const { draw } = scene
  const [total, code] = [draw.size(1_000_000), draw.between(0, 3)]
  const child = await spawn(echoServer, ['--exit', String(code)], {
    ...anyHold(scene),
    stdin: 'pipe',
    readAhead: draw.one(AHEAD),
  })
  const writes: Promise<void>[] = []
  const write = async (): Promise<void> => {
    for (let offset = 0; offset < total;) {
      const chunk = knownBytes(offset, Math.min(total - offset, 1 + draw.size(100_000)))
      // What is taken at once needs no promise; what waits keeps its place before whatever comes later.
      const taken = draw.chance(0.3) ? child.stdin.tryWrite(chunk) : 0
      if (taken === 0) {
        writes.push(child.stdin.write(chunk))
        if (draw.chance(0.5)) await writes.at(-1)
      }
      offset += taken === 0 ? chunk.length : taken
    }
    await child.stdin.end()
  }
  const [, received] = await Promise.all([write(), readKnown(draw, child.stdout)])
  await Promise.all(writes)
  strictEqual(received, total)
  strictEqual(child.stdin.bytesWritten, total)
  strictEqual(await codeOf(child.stdin.write('late')), 'ERR_WRITER_CLOSED')
  await endsWith(child, code)
}

export const lines: Operation = async scene => {
  const { draw } = scene
  const last = draw.size(20_000) + 1
  const child = await spawn('seq', ['1', String(last)], { ...anyHold(scene), readAhead: draw.one(AHEAD) })
  const reader = child.stdout.lines()
  const seen: (string | null)[] = []
  while (seen.length < last && draw.chance(0.9)) seen.push(await reader.read())
  if (draw.chance(0.5)) for await (const batch of reader.batches()) seen.push(...batch)
  else for await (const line of reader) seen.push(line)
  strictEqual(seen.length, last)
  for (const [index, line] of seen.entries()) strictEqual(line, String(index + 1))
  strictEqual(await reader.read(), null)
  await endsWith(child, 0)
}

export const collected: Operation = async scene => {
  const { draw } = scene
  const text = 'aé€𝄞\n'.repeat(draw.size(20_000))
  const maxBuffer = draw.chance(0.3) ? draw.size(50_000) + 1 : undefined
  const { stdout, stderr, truncated } = await run('tee', ['/dev/stderr'], {
    ...anyHold(scene),
    input: text,
    encoding: 'latin1',
    stripFinalNewline: false,
    readAhead: draw.one(AHEAD),
    ...(maxBuffer !== undefined && { maxBuffer, onMaxBuffer: 'head' }),
  })
  const whole = Buffer.from(text).toString('latin1')
  strictEqual(stdout, whole.slice(0, maxBuffer))
  strictEqual(stderr, whole.slice(0, maxBuffer))
  strictEqual(truncated, maxBuffer !== undefined && whole.length > maxBuffer)
}

export const leftEarly: Operation = async scene => {
  const { draw } = scene
  const known = new KnownStream()
  const child = await spawn(flood, [], { ...anyHold(scene), readAhead: draw.one(AHEAD), killTimeout: 1000 })
  for (let reads = draw.between(0, 8); reads > 0; reads--) {
    known.push((await child.stdout.read({ maxBytes: 1 + draw.size(100_000) })) ?? new Uint8Array())
  }
  if (draw.chance(0.5)) {
    await child.stdout.cancel()
    isOneOf(describeExit(await child.closed), ['signal SIGPIPE'])
  } else {
    isOneOf(describeExit(await child.terminate()), ['signal SIGTERM'])
    // What the kernel held comes first, then an error: cut output never passes for whole.
    isOneOf(await codeOf(readOn(draw, child.stdout, known)), ['ERR_PROCESS_FAILED'])
  }
}

export const leftWaiting: Operation = async scene => {
  const child = await spawn('sleep', ['600'], { ...anyHold(scene), stdin: 'pipe', killTimeout: 1000 })
  const reads = Array.from({ length: scene.draw.between(1, 4) }, async () => await codeOf(child.stdout.read()))
  const write = codeOf(child.stdin.write(new Uint8Array(300_000)))
  await aMoment(scene, 5)
  const isCanceled = scene.draw.chance(0.5)
  if (isCanceled) await child.stdout.cancel()
  isOneOf(describeExit(await child.terminate()), ['signal SIGTERM'])
  for (const read of reads) isOneOf(await read, [isCanceled ? 'ERR_READER_CLOSED' : 'ERR_PROCESS_FAILED'])
  isOneOf(await write, ['EPIPE'])
}

export const leftStream: Operation = async scene => {
  const { draw } = scene
  const known = new KnownStream()
  let left = draw.between(1, 5)
  for await (const chunk of stream(flood, [], { ...anyHold(scene), killTimeout: 1000 })) {
    known.push(chunk)
    if (--left === 0) break
  }
  strictEqual(left, 0)
}
