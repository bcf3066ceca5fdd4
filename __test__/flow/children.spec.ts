// Children in the middle of a flow: fed at their pace, ended with the flow, and their failure is the flow's.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import anyTest from 'ava'
import { command, flow, run, spawn, stream, ProcessError, SpawnError } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { flood } from '../helpers/programs.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('values go through a child, and what it writes goes on', async t => {
  const numbers = range(10_000).map(i => `${i}\n`)
  const sorted = await flow(numbers)
    .through(command('sort', ['-rn']))
    .lines()
    .toArray()
  t.deepEqual(sorted, range(10_000).map(String).reverse())
  t.deepEqual(
    await flow([Buffer.from('a'), 'b'])
      .through(command('cat'))
      .reduce((text, chunk) => text + Buffer.from(chunk).toString(), ''),
    'ab',
  )
  t.deepEqual(await flow<string>([]).through(command('cat')).toArray(), [])
})

test('several children in a row, and a command that is a pipe of its own', async t => {
  const text = await flow(['b\n', 'a\n', 'c\n'])
    .through(command('sort'))
    .lines()
    .map(line => `${line}${line}\n`)
    .through(command('cat').pipe('tail', ['-n', '+2']).pipe('head', ['-n', '1']))
    .lines()
    .toArray()
  t.deepEqual(text, ['bb'])
})

test('a child is not started before the flow is consumed', async t => {
  const steps = flow(['x']).through(command('no-such-program'))
  const error = await t.throwsAsync(steps.toArray())
  t.true(error instanceof SpawnError)
})

test('a child that fails fails the flow, and the source is ended', async t => {
  const source = new HandSource<string>()
  source.put('a\n')
  const done = flow(source)
    .through(command('sh', ['-c', 'read line; echo $line; echo sorry >&2; exit 3']))
    .lines()
    .toArray()
  const error = await t.throwsAsync(done)
  t.true(error instanceof ProcessError)
  t.is((error as ProcessError).exitCode, 3)
  t.regex(error?.message ?? '', /sorry/u)
  t.is(source.returned, 1)
})

test('a child that wants no more input ends the steps before it, and its output goes on', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-flow-'))
  const flag = path.join(folder, 'ended')
  function* lines(): Generator<string> {
    try {
      for (let i = 0; ; i++) yield `${i}\n`
    } finally {
      writeFileSync(flag, '')
    }
  }
  t.deepEqual(
    await flow(lines())
      .through(command('head', ['-n', '3']))
      .lines()
      .toArray(),
    ['0', '1', '2'],
  )
  rmSync(flag)
  // It goes on only when the source has ended.
  const script = 'read line; echo $line; exec <&-; until [ -e "$0" ]; do sleep 0.01; done; echo on'
  t.deepEqual(
    await flow(lines())
      .through(command('sh', ['-c', script, flag]))
      .lines()
      .toArray(),
    ['0', 'on'],
  )
  rmSync(folder, { recursive: true })
})

test('an error before a child ends it, and it never sees the end of its input as that of the whole', async t => {
  let pid = 0
  function* lines(): Generator<string> {
    yield 'a\n'
    yield 'b\n'
    throw new Error('broken')
  }
  const written: string[] = []
  const done = flow(lines())
    .tap(() => turns(2))
    .through(command('sh', ['-c', 'echo $$; cat; echo whole']))
    .lines()
    .forEach(line => {
      if (pid === 0) pid = Number(line)
      else written.push(line)
    })
  await t.throwsAsync(done, { message: 'broken' })
  t.false(written.includes('whole'))
  // Nothing but its zombie may be there, for a moment.
  if (pid > 0) await waitFor(() => isGone(pid))
})

test('an error behind a child, an abort, and leaving the loop end it before they answer', async t => {
  const endless = (): ReturnType<typeof flow<Uint8Array>> => flow(stream(flood)).through(command('cat'))
  await t.throwsAsync(
    endless().forEach(() => {
      throw new Error('broken')
    }),
    { message: 'broken' },
  )
  await t.throwsAsync(
    endless().forEach(() => {}, { timeout: 50 }),
    { code: 'ERR_TIMEOUT' },
  )
  const controller = new AbortController()
  await t.throwsAsync(
    endless().forEach(() => controller.abort(), { signal: controller.signal }),
    { code: 'ABORT_ERR' },
  )
  for await (const chunk of endless()) {
    t.true(chunk.length > 0)
    break
  }
  t.is((await endless().take(3).toArray()).length, 3)
  const branches = endless().broadcast(2)
  await Promise.all(branches.map(branch => branch.take(2).toArray()))
})

test('a child as the source is ended by take', async t => {
  const lines = await flow(stream('sh', ['-c', 'seq 1 100000; exec sleep 1000']))
    .lines()
    .take(3)
    .toArray()
  t.deepEqual(lines, ['1', '2', '3'])
})

test('a child whose consumer stands still is held back, and so is the one before it', async t => {
  const controller = new AbortController()
  const chunks: number[] = []
  const steps = flow(stream(flood)).through(command('cat'))
  const done = steps.forEach(
    async chunk => {
      chunks.push(chunk.length)
      await new Promise(resolve => controller.signal.addEventListener('abort', resolve, { once: true }))
    },
    { signal: controller.signal },
  )
  await waitFor(() => chunks.length === 1)
  let sent = -1
  // What was sent stops to grow when the pipes are full.
  await waitFor(
    () => {
      const before = sent
      sent = steps.metrics()[0]?.sent ?? 0
      return sent === before && sent > 0
    },
    { interval: 100, deadline: 10_000 },
  )
  t.true(sent < 100, `${sent} chunks`)
  t.is(chunks.length, 1)
  controller.abort()
  await t.throwsAsync(done, { code: 'ABORT_ERR' })
})

test('a child sees no end of its input after a failure, also while a callback behind it still runs', async t => {
  const directory = mkdtempSync(path.join(tmpdir(), 'flow-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const whole = path.join(directory, 'whole')
  const source = new HandSource<string>()
  const gate = deferred()
  const controller = new AbortController()
  let pid = 0
  const done = flow(source)
    .through(command('sh', ['-c', 'read line; echo $$; cat > /dev/null; echo whole > "$0"', whole]))
    .map(async chunk => {
      pid = Number(Buffer.from(chunk).toString())
      await gate.promise
    })
    .toArray({ signal: controller.signal })
  source.put('a\n')
  await waitFor(() => pid > 0)
  controller.abort()
  source.put('b\n')
  await waitFor(() => isGone(pid))
  t.false(existsSync(whole))
  gate.resolve()
  await t.throwsAsync(done, { code: 'ABORT_ERR' })
})

test('a flow feeds the stdin of a running child, and leaves it open after a failure', async t => {
  const child = await spawn('sort', ['-n'], { stdin: 'pipe' })
  await Promise.all([
    flow([3, 1, 2])
      .map(i => `${i}\n`)
      .to(child.stdin),
    child.stdout.text().then(text => t.is(text, '1\n2\n3\n')),
  ])
  await child.success()
  const other = await spawn('cat', [], { stdin: 'pipe' })
  const broken = flow(['a', 'b']).map(text => {
    if (text === 'b') throw new Error('broken')
    return text
  })
  await t.throwsAsync(broken.to(other.stdin), { message: 'broken' })
  t.false(other.stdin.isClosed)
  await other.stdin.end('c')
  t.is(await other.stdout.text(), 'ac')
  await other.closed
})

test('a target child that goes away fails the flow and ends its source, also while nothing comes', async t => {
  const source = new HandSource<string>()
  const child = await spawn('sh', ['-c', 'read line'], { stdin: 'pipe' })
  const done = flow(source).to(child.stdin)
  source.put('a\n')
  await child.exited
  source.put('b\n'.repeat(100_000))
  await t.throwsAsync(done)
  t.is(source.returned, 1)
  await child.closed
})
