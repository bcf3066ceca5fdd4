// Operations on daemons: restarts with every line in order, and stops at any moment.

import { strictEqual } from 'node:assert'
import { daemon, type DaemonEvent } from '../../../index.ts'
import { trickle } from '../../helpers/programs.ts'
import { aMoment, codeOf, describeExit, firmHold, isOneOf, type Operation } from '../scene.ts'

const soon = { initial: 1, max: 2, jitter: false }

export const restarted: Operation = async scene => {
  const { draw } = scene
  const [count, code, maxRestarts] = [draw.between(1, 2000), draw.between(0, 2), draw.between(0, 3)]
  const seen: string[] = []
  const server = daemon('sh', ['-c', `seq 1 ${count}; exit ${code}`], {
    ...firmHold(scene),
    backoff: soon,
    maxRestarts,
    readyWhen: /^1$/u,
    onLine: line => void seen.push(line),
  })
  const events: string[] = []
  const listening = (async () => {
    for await (const event of server.events()) events.push((event as DaemonEvent).type)
  })()
  await server.ready
  strictEqual((await server.stopped).exitCode, code)
  await listening
  const starts = code === 0 ? 1 : maxRestarts + 1
  strictEqual(seen.length, count * starts)
  for (const [index, line] of seen.entries()) strictEqual(line, String((index % count) + 1))
  strictEqual(events.filter(type => type === 'exited').length, starts)
  strictEqual(server.state, code === 0 ? 'stopped' : 'failed')
}

export const stopped: Operation = async scene => {
  const { draw } = scene
  let isSlow = draw.chance(0.5)
  let next = 0
  const server = daemon(trickle, ['--bytes', '6', '--every', '1', '--lines'], {
    ...firmHold(scene),
    // Also how long a stop waits for a start that is under way.
    killTimeout: 20_000,
    onLine: async () => {
      next++
      if (isSlow) await new Promise<void>(resolve => setImmediate(resolve))
    },
  })
  const ready = codeOf(server.ready)
  await aMoment(scene, 40)
  isSlow = false
  const exit = await server.stop()
  isOneOf(server.state, ['stopped'])
  isOneOf(await ready, ['fulfilled', 'ERR_PROCESS_FAILED', 'ABORT_ERR'])
  if (next > 0) isOneOf(describeExit(exit), ['signal SIGTERM'])
  strictEqual(server.pid, undefined)
}
