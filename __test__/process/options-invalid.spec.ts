import test from 'ava'
import { $, command, run, SluiceError, spawn, stream } from '../../index.ts'

/** Calls that no option check lets through, by the option that the error has to name. */
const bad: readonly (readonly [option: string, file: unknown, args?: unknown, options?: unknown])[] = [
  ['file', ''],
  ['file', 'a\0b'],
  ['file', 7],
  ['file', new URL('http://localhost/x')],
  ['args', 'true', 'text'],
  ['args', 'true', { timeout: 1 }, { timeout: 2 }],
  ['args[1]', 'true', ['a', 'b\0']],
  ['args[0]', 'true', [1]],
  ['args', 'echo a', ['b'], { shell: true }],
  ['shell', 'echo a', [], { shell: 1 }],
  ['options', 'true', [], 'fast'],
  ['speed', 'true', [], { speed: 1 }],
  ['terminal', 'true', [], { terminal: 'vt100' }],
  ['terminal.columns', 'true', [], { terminal: { columns: 0 } }],
  ['terminal.rows', 'true', [], { terminal: { rows: 65_536 } }],
  ['terminal.name', 'true', [], { terminal: { name: '' } }],
  ['terminal.raw', 'true', [], { terminal: { raw: 1 } }],
  ['terminal.cols', 'true', [], { terminal: { cols: 80 } }],
  ['stdin', 'true', [], { terminal: true, stdin: 'pipe' }],
  ['stdout', 'true', [], { terminal: {}, stdout: 'inherit' }],
  ['stderr', 'true', [], { terminal: true, stderr: 'stdout' }],
  ['stdio', 'true', [], { terminal: true, stdio: 'ignore' }],
  ['detached', 'true', [], { terminal: true, detached: true }],
  ['cwd', 'true', [], { cwd: '/\0' }],
  ['cwd', 'true', [], { cwd: '' }],
  ['env', 'true', [], { env: { '': 'x' } }],
  ['env', 'true', [], { env: { 'a=b': 'x' } }],
  ['env.a', 'true', [], { env: { a: 'x\0' } }],
  ['env.a', 'true', [], { env: { a: 1 } }],
  ['env', 'true', [], { env: ['a=b'] }],
  ['timeout', 'true', [], { timeout: Number.NaN }],
  ['timeout', 'true', [], { timeout: -1 }],
  ['killTimeout', 'true', [], { killTimeout: -1 }],
  ['drainTimeout', 'true', [], { drainTimeout: '1' }],
  ['killSignal', 'true', [], { killSignal: 65 }],
  ['killSignal', 'true', [], { killSignal: 0 }],
  ['killSignal', 'true', [], { killSignal: 'SIGFOO' }],
  ['signal', 'true', [], { signal: 'SIGTERM' }],
  ['stdin', 'true', [], { stdin: 'socket' }],
  ['stdin', 'true', [], { stdin: -1 }],
  ['stdin', 'true', [], { stdin: 'ignore', input: 'x' }],
  ['stdout', 'true', [], { stdout: { tail: 10 } }],
  ['stdout.file', 'true', [], { stdout: { file: '' } }],
  ['stdout.append', 'true', [], { stdout: { file: 'x', append: 1 } }],
  ['stderr.tail', 'true', [], { stderr: { tail: -1 } }],
  ['stdio', 'true', [], { stdio: ['pipe'] }],
  ['input', 'true', [], { input: 5 }],
  ['encoding', 'true', [], { encoding: 'buffer', lines: true }],
  ['encoding', 'true', [], { encoding: 'ascii' }],
  ['maxBuffer', 'true', [], { maxBuffer: -1 }],
  ['onMaxBuffer', 'true', [], { onMaxBuffer: 'kill' }],
  ['tee', 'true', [], { tee: 'out' }],
  ['tee.stdout', 'true', [], { tee: { stdout: {} } }],
  ['containment', 'true', [], { containment: 'cage' }],
  ['containment', 'true', [], { containment: 'tree', detached: true }],
  ['uid', 'true', [], { uid: -1 }],
  ['gid', 'true', [], { gid: 2 ** 32 - 1 }],
  ['umask', 'true', [], { umask: 0o1000 }],
  ['nice', 'true', [], { nice: 20 }],
  ['rlimits', 'true', [], { rlimits: [1] }],
  ['rlimits.stack', 'true', [], { rlimits: { stack: 1 } }],
  ['rlimits.nofile', 'true', [], { rlimits: { nofile: -1 } }],
  ['rlimits.cpu', 'true', [], { rlimits: { cpu: 0.5 } }],
  ['extraFds', 'true', [], { extraFds: 'pipe' }],
  ['extraFds', 'true', [], { extraFds: Array<'ignore'>(65).fill('ignore') }],
  ['extraFds[0]', 'true', [], { extraFds: ['pipe'] }],
  ['extraFds[1]', 'true', [], { extraFds: ['ignore', -1] }],
  ['extraFds[0].pipe', 'true', [], { extraFds: [{ pipe: 'both' }] }],
  ['extraFds[0].file', 'true', [], { extraFds: [{ file: '' }] }],
  ['extraFds[0].append', 'true', [], { extraFds: [{ file: 'x', append: 1 }] }],
  ['limiter', 'true', [], { limiter: 4 }],
  ['cgroup', 'true', [], { cgroup: '' }],
  ['cgroup', 'true', [], { cgroup: 7 }],
  ['cgroup', 'true', [], { cgroup: '/x', detached: true }],
  ['containment', 'true', [], { cgroup: '/x', containment: 'tree' }],
  ['cgroup.memory', 'true', [], { cgroup: { memory: 1 } }],
  ['cgroup.memoryMax', 'true', [], { cgroup: { memoryMax: -1 } }],
  ['cgroup.pidsMax', 'true', [], { cgroup: { pidsMax: 1.5 } }],
  ['cgroup.cpuMax', 'true', [], { cgroup: { cpuMax: 5 } }],
  ['cgroup.cpuMax.period', 'true', [], { cgroup: { cpuMax: { quota: 1000 } } }],
  ['pipeSize', 'true', [], { pipeSize: 1.5 }],
  ['readAhead', 'true', [], { readAhead: -1 }],
]

for (const [index, [option, ...call]] of bad.entries()) {
  const [file, args, options] = call as [string, string[], object]
  const expected = {
    instanceOf: SluiceError,
    code: 'ERR_INVALID_OPTION',
    message: new RegExp(`^\`${option.replaceAll(/[.[\]]/gu, String.raw`\$&`)}\``, 'u'),
  }
  test(`a bad ${option} is named by every way of starting (${index})`, async t => {
    await t.throwsAsync(run(file, args, options), expected)
    await t.throwsAsync(spawn(file, args, options), expected)
    t.throws(() => command(file, args, options), expected)
    t.throws(() => stream(file, args, options), expected)
  })
}

test('with, pipe and a script throw at once', t => {
  const expected = { code: 'ERR_INVALID_OPTION' }
  t.throws(() => command('true').with({ timeout: -1 }), expected)
  t.throws(() => command('true').pipe('cat', [], { timeout: -1 }), expected)
  t.throws(() => command('true', { stdout: 'ignore' }).pipe('cat'), { ...expected, message: /^`stdout`/u })
  t.throws(() => command('cat', { input: 'a' }).pipe('cat', [], { input: 'b' }), { ...expected, message: /^`input`/u })
  const onTerminal = { ...expected, message: /^`terminal`/u }
  t.throws(() => command('true', { terminal: true }).pipe('cat'), onTerminal)
  t.throws(() => command('true').pipe('cat', [], { terminal: {} }), onTerminal)
  t.throws(() => $({ timeout: -1 })`true`, expected)
})

test('kill and terminate name a bad signal', async t => {
  const child = await spawn('sleep', ['60'])
  t.throws(() => child.kill(65), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => child.killTree('SIGFOO' as never), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(child.terminate({ killSignal: 0 }), { code: 'ERR_INVALID_OPTION' })
  await child.terminate()
})

test('each option is read once', t => {
  let reads = 0
  const options = {
    get timeout() {
      reads++
      return 1000
    },
  }
  command('true', options)
  t.is(reads, 1)
})
