import anyTest from 'ava'
import { command, ProcessError, run, spawn, SpawnError } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('the result is the last one’s, with those before it', async t => {
  const result = await command('printf', ['b\na\nb\n']).pipe('sort').pipe('uniq', ['-c'], { lines: true }).run()
  t.deepEqual(
    result.stdout.map(line => line.trim()),
    ['1 a', '2 b'],
  )
  t.deepEqual(
    result.pipedFrom.map(({ stdout, exitCode }) => [stdout, exitCode]),
    [
      [undefined, 0],
      [undefined, 0],
    ],
  )
})

test('megabytes pass whole', async t => {
  t.is((await command(flood, ['--total', '20000000']).pipe('cat').pipe('wc', ['-c']).run()).stdout.trim(), '20000000')
})

test('a successor that had enough is no failure', async t => {
  t.is((await command('yes').pipe('head', ['-1']).run()).stdout, 'y')
  t.is((await command('yes').pipe('cat').pipe('head', ['-1']).run()).stdout, 'y')
})

test('the last one that failed rejects', async t => {
  const middle = command('echo', ['x']).pipe('sh', ['-c', 'cat >/dev/null; exit 3']).pipe('cat')
  const error = await t.throwsAsync(middle.run(), { instanceOf: ProcessError })
  t.is(error.exitCode, 3)
  t.like(await middle.run({ reject: false }), { ok: true, exitCode: 0 })
})

test('stderr can be what goes on', async t => {
  const { stdout, pipedFrom } = await command('sh', ['-c', 'echo out; echo err >&2'])
    .pipe(command('cat'), { from: 'stderr' })
    .run()
  t.is(stdout, 'err')
  t.is(pipedFrom[0]?.stdout, 'out')
})

test('input and stdin are for the first', async t => {
  t.is((await command('cat').pipe('tr', ['a-z', 'A-Z']).run({ input: 'abc' })).stdout, 'ABC')
  t.is((await command('cat').pipe('tr', ['a-z', 'A-Z'], { input: 'abc' }).run()).stdout, 'ABC')
  const child = await command('cat').pipe('cat').spawn({ stdin: 'pipe' })
  await child.stdin.end('abc')
  t.is(await child.stdout.text(), 'abc')
  t.is(child.pipedFrom.length, 1)
  await child.success()
})

test('one that can not be started ends the rest', async t => {
  for (const pipe of [
    command('yes').pipe('no-such-program'),
    command('no-such-program').pipe('cat'),
    command('yes').pipe('no-such-program').pipe('cat'),
  ]) {
    await t.throwsAsync(pipe.run(), { instanceOf: SpawnError, code: 'ENOENT' })
    await t.throwsAsync(pipe.spawn(), { instanceOf: SpawnError, code: 'ENOENT' })
  }
})

test('timeout, signal and terminate act on all', async t => {
  const endless = command('sleep', ['60']).pipe('sleep', ['60'])
  t.like(await endless.run({ timeout: 200, reject: false }), { timedOut: true })
  const controller = new AbortController()
  const running = endless.run({ signal: controller.signal })
  controller.abort()
  await t.throwsAsync(running, { code: 'ABORT_ERR' })
  const child = await endless.spawn()
  await child.terminate()
  t.true(child.pipedFrom.every(({ exit }) => exit?.signal === 'SIGTERM'))
})

test('a timeout of the last bounds a first one that outlives it', async t => {
  const result = await command('sleep', ['60']).pipe('true').run({ timeout: 300, reject: false })
  t.true(result.pipedFrom[0]?.timedOut)
})

test('pipes can be joined', async t => {
  const left = command('printf', ['b\na\n']).pipe('sort')
  const right = command('head', ['-1']).pipe('cat')
  t.is((await left.pipe(right).run()).stdout, 'a')
})

test('nothing stays of a pipe with a member that is refused', async t => {
  const other = await spawn('cat', [], { stdin: 'pipe' })
  const reading = other.stdout.read()
  await t.throwsAsync(
    command('true')
      .pipe('cat', [], { extraFds: [other.stdout] })
      .run(),
    { code: 'ERR_READER_BUSY' },
  )
  await other.stdin.end('x')
  t.is(Buffer.from((await reading) ?? []).toString(), 'x')
  t.is(await other.stdout.text(), '')
  await other.success()
})

test('a member that is refused takes nothing that was given to the others', async t => {
  const other = await spawn('cat', [], { stdin: 'pipe' })
  const given = await spawn('cat', [], { stdin: 'pipe' })
  const reading = other.stdout.read()
  const first = command('cat', [], { extraFds: [given.stdout] })
  const refused = first.pipe('cat', [], { extraFds: [other.stdout] })
  await t.throwsAsync(refused.run(), { code: 'ERR_READER_BUSY' })
  await t.throwsAsync(refused.spawn(), { code: 'ERR_READER_BUSY' })
  await t.throwsAsync(refused.stream().read(), { code: 'ERR_READER_BUSY' })
  await t.throwsAsync(first.pipe(first).run(), { code: 'ERR_INVALID_OPTION' })
  await given.stdin.end('still there')
  t.is(await given.stdout.text(), 'still there')
  await other.stdin.end('x')
  t.is(Buffer.from((await reading) ?? []).toString(), 'x')
  t.is(await other.stdout.text(), '')
  await Promise.all([other.success(), given.success()])
})
