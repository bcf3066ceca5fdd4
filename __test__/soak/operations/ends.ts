// Operations on ends: aborts and timeouts at any moment, kills, stubborn trees, leftovers, starts that fail.

import { strictEqual } from 'node:assert'
import { run, spawn } from '../../../index.ts'
import { KnownStream } from '../../helpers/known-stream.ts'
import { isAlive } from '../../helpers/processes.ts'
import { flood, forker, stubborn } from '../../helpers/programs.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { readOn } from '../reading.ts'
import { aMoment, anyHold, codeOf, describeExit, firmHold, isOneOf, type Operation } from '../scene.ts'

const STARTED_LATE = 20_000

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

export const aborted: Operation = async scene => {
  const { draw } = scene
  const controller = new AbortController()
  const [file, args] = draw.one([
    [flood, []],
    ['sleep', ['600']],
    [stubborn, []],
  ] as const)
  const starting = spawn(file, args, { ...anyHold(scene), signal: controller.signal, killTimeout: 50 })
  const outcome = starting.then(
    async child => {
      const known = new KnownStream()
      // `stubborn` says that it is ready, which is no part of the known stream.
      const reading = file === flood ? codeOf(readOn(draw, child.stdout, known)) : codeOf(child.stdout.bytes())
      const exit = await child.closed
      isOneOf(await reading, ['ABORT_ERR'])
      return describeExit(exit)
    },
    (error: { code?: string }) => error.code ?? String(error),
  )
  await aMoment(scene)
  controller.abort()
  isOneOf(await outcome, ['ABORT_ERR', 'signal SIGTERM canceled', 'signal SIGKILL canceled'])
}

export const timed: Operation = async scene => {
  const { draw } = scene
  const script = `printf x; sleep ${seconds(draw.between(1, 40))}; printf y`
  const options = { ...anyHold(scene), timeout: draw.between(1, 50), reject: false, killTimeout: 500 } as const
  const { stdout, ...exit } = await run('sh', ['-c', script], options).catch((error: Error & { code?: string }) => {
    // The time was over before there was a child.
    if (error.code === 'ERR_TIMEOUT') return { stdout: '', timedOut: true, ok: false } as const
    throw error
  })
  if (exit.ok) strictEqual(`${stdout} ${exit.timedOut}`, 'xy false')
  else isOneOf(`${stdout} ${exit.timedOut}`, [' true', 'x true', 'xy true'])
}

export const killed: Operation = async scene => {
  const { draw } = scene
  const code = draw.between(0, 255)
  const signal = draw.one(['SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGUSR1', 'SIGINT'] as const)
  const child = await spawn('sh', ['-c', `sleep ${seconds(draw.between(1, 20))}; exit ${code}`], anyHold(scene))
  await aMoment(scene)
  const wasThere = draw.chance(0.5) ? child.kill(signal) : child.killTree(signal)
  const exit = await child.closed
  // A shell that waits for `sleep` and is told of its death by the same signal may end with 128 and its number.
  const bySleep = exit.exitCode !== null && exit.exitCode > 128 && wasThere ? [`exit ${exit.exitCode}`] : []
  isOneOf(describeExit(exit), wasThere ? [`signal ${signal}`, `exit ${code}`, ...bySleep] : [`exit ${code}`])
  await child.terminate({ killTimeout: 0 })
}

export const stubbornTree: Operation = async scene => {
  const { draw } = scene
  const kinds = ['--setsid', '--double-fork', '--close', '--stop'].filter(() => draw.chance(0.4))
  const child = await spawn(stubborn, kinds, { ...firmHold(scene), killTimeout: draw.between(0, 80) })
  const line = await child.stdout.lines().read({ timeout: STARTED_LATE })
  const pid = Number(/^ready (?<pid>\d+)$/u.exec(line ?? '')?.groups?.['pid'])
  strictEqual(isAlive(pid), true)
  const [first, second] = await Promise.all([child.terminate(), child.terminate()])
  strictEqual(first, second)
  strictEqual(isAlive(pid), false)
  // Where it is a descendant that is stubborn, the child itself is not; one that leaves may be on its way out still.
  const how = ['signal SIGKILL']
  if (kinds.includes('--setsid')) how.push('signal SIGTERM')
  if (kinds.includes('--double-fork')) how.push('signal SIGTERM', 'exit 0')
  isOneOf(describeExit(first), how)
}

export const family: Operation = async scene => {
  const { draw } = scene
  const words = ['--depth', '2', '--width', String(draw.between(1, 3)), '--stubborn', draw.one(['none', 'all', 'odd'])]
  const child = await spawn(forker, draw.chance(0.3) ? [...words, '--setsid'] : words, {
    ...firmHold(scene),
    killTimeout: draw.between(0, 60),
    ...(draw.chance(0.5) && { signal: AbortSignal.timeout(draw.between(1, 60)) }),
  }).catch(startedNothing)
  if (child === undefined) return
  if (draw.chance(0.5)) await codeOf(child.stdout.read())
  await aMoment(scene, 40)
  const exit = await child.terminate()
  isOneOf(describeExit(exit).replace(' canceled', ''), ['signal SIGTERM', 'signal SIGKILL'])
}

function startedNothing(error: Error & { code?: string }): undefined {
  if (error.code !== 'ABORT_ERR') throw error
}

export const leftovers: Operation = async scene => {
  const { draw } = scene
  const script = `sleep 600 ${draw.chance(0.5) ? '>/dev/null 2>&1 ' : ''}& echo $!`
  const isKilled = draw.chance(0.5)
  const child = await spawn('sh', ['-c', script], {
    ...firmHold(scene),
    leftovers: isKilled ? 'kill' : 'leave',
    drainTimeout: draw.between(0, 30),
    killTimeout: 500,
  })
  const left = Number(await child.stdout.lines().read({ timeout: STARTED_LATE }))
  strictEqual((await child.closed).exitCode, 0)
  if (isKilled) await waitFor(() => !isAlive(left), { deadline: STARTED_LATE })
  else strictEqual(isAlive(left), true)
  await child.terminate()
  strictEqual(isAlive(left), false)
}

export const failedStart: Operation = async scene => {
  const { draw } = scene
  const held = anyHold(scene)
  const [code, start] = draw.one<readonly [string, () => Promise<unknown>]>([
    ['ENOENT', () => spawn('no-such-program', [], held)],
    ['ENOENT', () => run('true', [], { ...held, cwd: '/no/such/folder' })],
    ['EACCES', () => run('/etc/passwd', [], held)],
    ['ENOENT', () => run('true', [], { ...held, stdout: { file: '/no/such/folder/file' } })],
    ['E2BIG', () => run('true', ['x'.repeat(2_000_000)], held)],
    ['EBADF', () => run('true', [], { ...held, extraFds: [1_000_000] })],
    ['ENOENT', () => run('no-such-program', [], { ...held, terminal: true })],
    ['ERR_INVALID_OPTION', () => run('true', [], { ...held, timeout: -1 })],
    ['ERR_TIMEOUT', () => run('true', [], { ...held, timeout: 0 })],
    ['ABORT_ERR', () => run('true', [], { ...held, signal: AbortSignal.abort() })],
  ])
  isOneOf(await codeOf(start()), [code])
}
