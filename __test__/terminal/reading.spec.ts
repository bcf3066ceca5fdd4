// Output of a terminal: it stays there until it is asked for, all of it is readable, and its end is an end.
import anyTest from 'ava'
import { run, spawn, stream } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { isAlive } from '../helpers/processes.ts'
import { Counter, expectedBytes, firstDifference, flood } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'
import { staysTrue, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** More than a terminal ever holds. */
const MUCH = 64 * 1024

test('nothing is read before it is asked for, and the child waits meanwhile', async t => {
  using counter = new Counter()
  const child = await spawn(flood, ['--counter', counter.file, '--block', '1000', '--total', `${MUCH}`], {
    terminal: { raw: true },
  })
  let held = -1
  await waitFor(() => held === (held = counter.value) && held > 0, { interval: 100, deadline: 10_000 })
  t.true(held < MUCH, `${held} bytes`)
  t.like(child.metrics(), { bytesRead: 0, reads: 0 })
  t.true(child.metrics().pipedBytes > 0)
  t.true(isAlive(child.pid))
  const first = await child.stdout.readExactly(10_000)
  t.is(firstDifference(first, 0), -1)
  const rest = await child.stdout.bytes()
  t.is(firstDifference(rest, first.length), -1)
  t.is(first.length + rest.length, MUCH)
  t.true((await child.success()).drained)
})

for (const containment of ['tree', 'group'] as const) {
  test(`the whole tail is there after the exit, then null: ${containment}`, async t => {
    const child = await spawn(flood, ['--total', '10000'], { terminal: { raw: true }, containment })
    t.true((await child.closed).drained)
    t.false(isAlive(child.pid))
    t.deepEqual(await child.stdout.readExactly(10_000), expectedBytes(0, 10_000))
    t.is(await child.stdout.read(), null)
    t.is(await child.stdout.read(), null)
    t.true(child.stdout.isClosed)
  })
}

test('what waits in it is counted once', async t => {
  const child = await spawn('sh', ['-c', 'printf abc; read word'], { terminal: true })
  await waitFor(() => child.metrics().pipedBytes > 0)
  t.is(child.metrics().pipedBytes, 3)
  await child.stdin.end()
  t.is(await child.stdout.text(), 'abc')
})

test('a read that waits gets the end', async t => {
  const child = await spawn('sh', ['-c', 'read word; exit 3'], { terminal: true })
  const screen = new Screen(child)
  await screen.type('x\n')
  await screen.shows('x\r\n')
  t.is(await child.stdout.read(), null)
  t.is((await child.exited).exitCode, 3)
})

test('byte for byte, whatever the way of reading', async t => {
  const total = 300_000
  const args = ['--total', `${total}`]
  const collected = await run(flood, args, { terminal: { raw: true }, encoding: 'buffer' })
  t.is(collected.stdout.length, total)
  t.is(firstDifference(collected.stdout, 0), -1)
  const ahead = await spawn(flood, args, { terminal: { raw: true }, readAhead: 100_000 })
  let offset = 0
  for await (const chunk of ahead.stdout) {
    t.is(firstDifference(chunk, offset), -1)
    offset += chunk.length
  }
  t.is(offset, total)
  await ahead.success()
  const streamed = await stream(flood, args, { terminal: { raw: true } }).bytes()
  t.is(firstDifference(streamed, 0), -1)
  t.is(streamed.length, total)
})

test('lines come without the carriage returns that a terminal adds', async t => {
  const lines: string[] = []
  for await (const line of stream('seq', ['3'], { terminal: true }).lines()) lines.push(line)
  t.deepEqual(lines, ['1', '2', '3'])
  t.deepEqual((await run('seq', ['3'], { terminal: true, lines: true })).stdout, ['1', '2', '3'])
  t.like(await run('sh', ['-c', 'echo out; echo err >&2'], { terminal: true }), { stdout: 'out\r\nerr', stderr: '' })
})

test('a program that closes its descriptors and lives on is neither at its end nor hung up', async t => {
  const script =
    'trap "echo hup >/dev/tty; exit 1" HUP; exec <&- >&- 2>&-; while [ ! -e "$0" ]; do sleep 0.05; done; echo late >/dev/tty'
  using flag = new Counter()
  const child = await spawn('sh', ['-c', script, flag.file], { terminal: true })
  const read = child.stdout.read()
  await staysTrue(() => child.exit === undefined && !child.stdout.isClosed, 200, 'open')
  await run('touch', [flag.file])
  t.is(new TextDecoder().decode((await read) ?? undefined), 'late\r\n')
  t.is(await child.stdout.read(), null)
  await child.success()
})

test('a descendant that keeps the terminal delays closed by drainTimeout at most', async t => {
  const script = 'trap "" HUP; sleep 600 & echo started'
  const child = await spawn('sh', ['-c', script], { terminal: true, drainTimeout: 50 })
  t.like(await child.closed, { exitCode: 0, drained: false })
  t.is(new TextDecoder().decode((await child.stdout.read()) ?? undefined), 'started\r\n')
  await child.terminate()
  t.is(await child.stdout.read(), null)
})
