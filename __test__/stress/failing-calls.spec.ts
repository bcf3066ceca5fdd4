import { spawn as nodeSpawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import anyTest, { type ExecutionContext } from 'ava'
import { startHousehold, type Household } from '../helpers/household.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Report {
  readonly outcomes: Readonly<Record<string, string>>
  readonly descriptors: number
  readonly threads: number
}

/** What a start goes through, in Node's threads, the shepherd, the keepers and the targets; each at its first uses. */
const calls: readonly (readonly [call: string, error: string, uses: number])[] = [
  ['pipe2', 'EMFILE', 4],
  ['socketpair', 'EMFILE', 2],
  ['memfd_create', 'EMFILE', 1],
  ['sendmsg', 'ENOBUFS', 3],
  ['sendto', 'ENOBUFS', 6],
  ['recvmsg', 'ENOMEM', 2],
  ['clone', 'EAGAIN', 3],
  ['clone3', 'EAGAIN', 2],
  ['vfork', 'EAGAIN', 1],
  ['pidfd_open', 'EMFILE', 1],
  ['signalfd4', 'EMFILE', 1],
  ['epoll_ctl', 'ENOMEM', 3],
  ['prctl', 'EINVAL', 2],
  ['close_range', 'ENOSYS', 1],
  ['dup2', 'EBADF', 3],
  ['chdir', 'EIO', 1],
  ['setpgid', 'EPERM', 2],
  ['setsockopt', 'ENOPROTOOPT', 1],
  ['execve', 'ENOMEM', 1],
  ['fcntl', 'EINVAL', 3],
]

function traceable(): boolean {
  return spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0
}

async function attach(pid: number, words: readonly string[]): Promise<ChildProcess> {
  const tracer = nodeSpawn('strace', ['-f', '-o', '/dev/null', ...words, '-p', `${pid}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await waitFor(() => said.includes('attached') || tracer.exitCode !== null, { deadline: 10_000 })
  if (tracer.exitCode !== null) throw new Error(said)
  return tracer
}

async function report({ node }: Household): Promise<Report> {
  node.process.stdin?.write('go\n')
  return JSON.parse(await node.line()) as Report
}

async function ends(t: ExecutionContext, household: Household): Promise<void> {
  // The shepherd stays, and keepers that have nothing to hold do not.
  await waitFor(() => household.members().length <= 1, {
    what: () =>
      household
        .members()
        .map(({ commandLine }) => commandLine)
        .join('\n'),
  })
  household.node.process.stdin?.end()
  t.like(await household.node.exited, { code: 0 })
  await t.notThrowsAsync(household.diesOut(0))
}

let undisturbed: Promise<Report> | undefined

/** What a process reports where nothing failed. */
async function control(t: ExecutionContext): Promise<Report> {
  await using household = startHousehold('every-way.ts')
  await household.node.line()
  await report(household)
  const second = await report(household)
  await ends(t, household)
  return second
}

const test = traceable() ? anyTest.serial : anyTest.serial.skip

for (const [call, error, uses] of calls) {
  for (let use = 1; use <= uses; use++) {
    test(`${call} fails with ${error} at use ${use}: a rejection, nothing left, and the next start works`, async t => {
      t.timeout(30_000)
      const expected = await (undisturbed ??= control(t))
      await using household = startHousehold('every-way.ts')
      t.is(await household.node.line(), 'ready')
      const words = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${use}`]
      const tracer = await attach(household.node.pid, words)
      const { outcomes } = await report(household)
      const ended = once(tracer, 'exit')
      tracer.kill('SIGINT')
      await ended
      t.log(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'ok'))
      t.true(Object.values(outcomes).every(outcome => /^ok$|^E[A-Z]+$|^ERR_/u.test(outcome)))
      // A helper's own descriptor goes when its end is heard of, which may be a moment after its child's.
      let after = await report(household)
      for (let tries = 0; tries < 20 && !isDeepStrictEqual(after, expected); tries++) after = await report(household)
      t.deepEqual(after, expected)
      await ends(t, household)
    })
  }
}
