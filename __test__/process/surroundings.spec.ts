import anyTest from 'ava'
import { once } from 'node:events'
import { spawn as nodeSpawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run, spawn } from '../../index.ts'
import { shepherds, withCensus } from '../helpers/census.ts'
import { startHousehold } from '../helpers/household.ts'
import { isAlive } from '../helpers/processes.ts'
import type { Probe } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

class Folder implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'sluicegate-odd-'))

  /** A program of that name, which prints `text` and its arguments. */
  program(name: string, text: string): string {
    const file = path.join(this.path, name)
    writeFileSync(file, `#!/bin/sh\necho "${text} $@"\n`)
    chmodSync(file, 0o755)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

test('a path may hold any character, and a name may look like an option of whoever starts it', async t => {
  using folder = new Folder()
  for (const name of [' two  blanks ', 'líne\nbreak', '--kill-timeout', '-', '$(id)', "it's", '\u{1F60A}']) {
    t.is((await run(folder.program(name, 'ran'), ['--', name])).stdout, `ran -- ${name}`)
    t.is((await run(name, ['-x'], { env: { PATH: `${folder.path}:/usr/bin:/bin` } })).stdout, 'ran -x')
  }
})

test('a relative path is looked for in the directory of the child, and a bare name never is', async t => {
  using folder = new Folder()
  folder.program('tool', 'here')
  const cwd = folder.path
  t.is((await run('./tool', { cwd })).stdout.trim(), 'here')
  for (const PATH of ['.', '', ':/usr/bin:', 'bin']) {
    await t.throwsAsync(run('tool', { cwd, env: { PATH } }), { code: 'ENOENT' })
  }
})

test('children that start at once each have the directory they were given', async t => {
  using folder = new Folder()
  const names = Array.from({ length: 30 }, (_, at) => `${at}`)
  for (const name of names) mkdirSync(path.join(folder.path, name))
  const found = await Promise.all(
    names.map(async name => (await run('pwd', { cwd: path.join(folder.path, name) })).stdout),
  )
  t.deepEqual(
    found.map(cwd => path.basename(cwd)),
    names,
  )
})

test('a directory that is renamed below a child harms neither it nor the next one', async t => {
  using folder = new Folder()
  const [before, after] = [path.join(folder.path, 'before'), path.join(folder.path, 'after')]
  mkdirSync(before)
  const child = await spawn('sh', ['-c', 'read line; exec env pwd -P'], { cwd: before, stdin: 'pipe' })
  renameSync(before, after)
  await child.stdin.end('\n')
  t.is((await child.stdout.text()).trim(), after)
  await t.throwsAsync(run('pwd', { cwd: before }), { code: 'ENOENT' })
  t.is((await run('pwd', { cwd: after })).stdout, after)
})

test('an environment of two megabytes in one value is E2BIG at once', async t => {
  await t.throwsAsync(run('true', { env: { BIG: 'x'.repeat(2_100_000) } }), { code: 'E2BIG' })
})

test('descriptors that are given crosswise arrive crosswise', async t => {
  using folder = new Folder()
  const names = ['one', 'two'].map(name => path.join(folder.path, name))
  const [one = -1, two = -1] = names.map(name => openSync(name, 'w'))
  await run('sh', ['-c', 'echo out; echo err >&2'], { stdout: two, stderr: one })
  closeSync(one)
  closeSync(two)
  t.deepEqual(
    names.map(name => readFileSync(name, 'utf8')),
    ['err\n', 'out\n'],
  )
})

test('a listener for SIGCHLD is called for children of node:child_process, and disturbs none of ours', async t => {
  let signals = 0
  const listener = (): unknown => signals++
  process.on('SIGCHLD', listener)
  t.deepEqual(
    (
      await Promise.all(Array.from({ length: 20 }, async () => await run('sh', ['-c', 'exit 4'], { reject: false })))
    ).map(({ exitCode }) => exitCode),
    Array<number>(20).fill(4),
  )
  t.is(signals, 0)
  await once(nodeSpawn('true'), 'exit')
  process.off('SIGCHLD', listener)
})

test('a guard that is asked to go by a signal stays, and so do its children', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  const [shepherd] = shepherds()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGUSR1'] as const) {
    process.kill(shepherd?.pid ?? 0, signal)
  }
  await child.stdin.end('still there')
  t.is(await child.stdout.text(), 'still there')
  await child.success()
  t.is(shepherds()[0]?.pid, shepherd?.pid)
  t.true(isAlive(shepherd?.pid ?? 0))
})

test('a child that its tracer takes for a while tells its exit all the same', async t => {
  const rounds = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0 ? 10 : 0
  if (rounds === 0) t.log('nobody may trace here')
  for (let round = 0; round < rounds; round++) {
    t.true((await run('strace', ['-D', '-qq', '-o', '/dev/null', 'sleep', '0.01'])).ok)
  }
  t.pass()
})

test('Node that was started without standard descriptors gives its children what they ask for', async t => {
  await using household = startHousehold('probes.ts', { line: 'exec "$0" "$@" 0<&- 1>&- 2>&-' })
  for (const child of Object.values(await household.node.message<Record<string, Probe>>())) {
    t.deepEqual(Object.keys(child.fds), ['0', '1', '2'])
  }
  t.like(await household.node.exited, { code: 0 })
})
