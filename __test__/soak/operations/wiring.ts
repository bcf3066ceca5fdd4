// Operations on what stands between children: kernel pipes, descriptors beyond the three, ends handed over, files, permits.

import { strictEqual } from 'node:assert'
import { rmSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { threadId } from 'node:worker_threads'
import { command, run, spawn, type ByteReader, type ByteWriter } from '../../../index.ts'
import { KnownStream, knownBytes } from '../../helpers/known-stream.ts'
import { flood } from '../../helpers/programs.ts'
import { readKnown } from '../reading.ts'
import { aMoment, anyHold, codeOf, describeExit, endsWith, isOneOf, type Operation } from '../scene.ts'

export const kernelPipe: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(2_000_000)
  const held = anyHold(scene)
  const source = command(flood, ['--total', String(total)], held).pipe('cat', [], held)
  if (draw.chance(0.5)) {
    strictEqual((await source.pipe('wc', ['-c'], held).run()).stdout.trim(), String(total))
    return
  }
  const some = draw.size(total)
  const child = await source.pipe('head', ['-c', String(some)], held).spawn()
  strictEqual(await readKnown(draw, child.stdout), some)
  // Whoever writes into a pipe that nobody reads any more dies of it, which is fine.
  await child.success()
}

export const abortedPipe: Operation = async scene => {
  const controller = new AbortController()
  const running = command(flood).pipe('cat').pipe('sleep', ['600']).run({ signal: controller.signal, killTimeout: 500 })
  const outcome = codeOf(running)
  await aMoment(scene)
  controller.abort()
  isOneOf(await outcome, ['ABORT_ERR'])
}

export const extraFds: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(300_000)
  const script = 'cat <&3 >&4; exec 4>&-; cat <&5 >&5'
  const child = await spawn('sh', ['-c', script], {
    ...anyHold(scene),
    extraFds: [{ pipe: 'in' }, { pipe: 'out' }, { pipe: 'duplex' }],
  })
  const [input, output, both] = child.extraFds as [ByteWriter, ByteReader, Duplex]
  const written = (async () => {
    for (let offset = 0; offset < total; offset += 65_536)
      await input.write(knownBytes(offset, Math.min(65_536, total - offset)))
    await input.end()
  })()
  strictEqual(await readKnown(draw, output), total)
  await written
  both.end(knownBytes(0, 5000))
  const known = new KnownStream()
  for await (const chunk of both) known.push(chunk as Uint8Array)
  strictEqual(known.offset, 5000)
  await endsWith(child, 0)
}

export const numberedOutput: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(500_000)
  const child = await spawn(flood, ['--fd', '3', '--total', String(total)], {
    ...anyHold(scene),
    extraFds: [{ pipe: 'out' }],
  })
  strictEqual(await readKnown(draw, child.extraFds[0] as ByteReader), total)
  await endsWith(child, 0)
}

export const handedOver: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(1_000_000)
  const source = await spawn(flood, ['--total', String(total)], anyHold(scene))
  await aMoment(scene, 5)
  const target = await spawn('cat', [], { ...anyHold(scene), stdin: source.stdout })
  strictEqual(source.stdout.isClosed, true)
  strictEqual(await readKnown(draw, target.stdout), total)
  await endsWith(source, 0)
  await endsWith(target, 0)
}

export const pumped: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(1_000_000)
  const source = await spawn(flood, ['--total', String(total)], anyHold(scene))
  const target = await spawn('cat', [], { ...anyHold(scene), stdin: 'pipe' })
  const moving = source.stdout.pipeTo(target.stdin)
  strictEqual(await readKnown(draw, target.stdout), total)
  strictEqual(await moving, total)
  await endsWith(source, 0)
  await endsWith(target, 0)
}

export const brokenPump: Operation = async scene => {
  const source = await spawn(flood, [], { ...anyHold(scene), killTimeout: 500 })
  const target = await spawn('sleep', ['600'], { ...anyHold(scene), stdin: 'pipe' })
  const moving = codeOf(source.stdout.pipeTo(target.stdin))
  await aMoment(scene)
  strictEqual(target.kill('SIGKILL'), true)
  isOneOf(await moving, ['EPIPE'])
  isOneOf(await codeOf(target.stdin.write('late')), ['EPIPE', 'ERR_WRITER_CLOSED'])
  isOneOf(describeExit(await target.closed), ['signal SIGKILL'])
  isOneOf(describeExit(await source.terminate()), ['signal SIGTERM', 'signal SIGPIPE'])
  await source.stdout.cancel()
}

/** Threads share the folder. */
let files = 0

export const throughFile: Operation = async scene => {
  const { draw, folder } = scene
  const file = path.join(folder, `${threadId}-${files++}`)
  const total = draw.size(500_000)
  await run(flood, ['--total', String(total)], { ...anyHold(scene), stdout: { file } })
  strictEqual(statSync(file).size, total)
  const child = await spawn('cat', [], { ...anyHold(scene), stdin: { file } })
  strictEqual(await readKnown(draw, child.stdout), total)
  await endsWith(child, 0)
  rmSync(file)
}

export const admitted: Operation = async scene => {
  const { draw, limiter } = scene
  const runs = Array.from({ length: draw.between(2, 8) }, async (_, index) => {
    const [what, args] = draw.one([
      ['echo', [String(index)]],
      ['sleep', ['600']],
      ['no-such-program', []],
    ] as const)
    const signal = what === 'sleep' ? AbortSignal.timeout(draw.between(0, 30)) : undefined
    const running = run(what, args, { ...anyHold(scene), limiter, killTimeout: 500, ...(signal && { signal }) })
    if (what === 'echo') strictEqual((await running).stdout, String(index))
    else isOneOf(await codeOf(running), [what === 'sleep' ? 'ABORT_ERR' : 'ENOENT'])
  })
  await Promise.all(runs)
}
