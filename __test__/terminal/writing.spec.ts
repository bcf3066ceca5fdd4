// Input of a terminal: writes settle when the kernel took them, a full queue holds them back, and `end` is what ^D means at that moment.
import anyTest from 'ava'
import { createHash } from 'node:crypto'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { Counter, expectedBytes } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** More than a terminal takes by itself. */
const MUCH = 100_000
/** The longest line it takes, without its end. */
const LONGEST_LINE = 4095

test('a megabyte pasted into a raw terminal arrives byte for byte', async t => {
  const bytes = expectedBytes(0, 1_000_000)
  const child = await spawn('sh', ['-c', 'head -c 1000000 | sha256sum'], { terminal: { raw: true } })
  await child.stdin.write(bytes)
  t.is(child.stdin.bytesWritten, bytes.length)
  t.is((await child.stdout.text()).slice(0, 64), createHash('sha256').update(bytes).digest('hex'))
  await child.success()
})

test('a child that does not read holds writes back; one that goes away fails them', async t => {
  const child = await spawn('sleep', ['600'], { terminal: { raw: true } })
  const write = child.stdin.write(new Uint8Array(MUCH))
  const next = child.stdin.write('next')
  await waitFor(() => child.metrics().writeParks > 0)
  t.true(child.stdin.pendingBytes > 0)
  t.true(child.stdin.bytesWritten > 0)
  await t.throwsAsync(child.stdin.write('third', { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  t.is(child.stdin.tryWrite(new Uint8Array(1)), 0)
  await child.terminate()
  await t.throwsAsync(write, { code: 'EPIPE' })
  await t.throwsAsync(next, { code: 'EPIPE' })
  await t.throwsAsync(child.stdin.write('late'), { code: 'EPIPE' })
})

test('a write that waits goes on as the child reads', async t => {
  using flag = new Counter()
  const script = `stty -echo; echo ready; while [ ! -e "$0" ]; do sleep 0.05; done; head -c ${MUCH} | wc -c`
  const child = await spawn('sh', ['-c', script, flag.file], { terminal: true })
  const screen = new Screen(child)
  await screen.shows('ready\r\n')
  const write = child.stdin.write('abc\n'.repeat(MUCH / 4))
  await waitFor(() => child.metrics().writeParks > 0)
  await run('touch', [flag.file])
  await write
  t.is((await screen.rest()).trim(), `${MUCH}`)
  await child.success()
})

test('complete lines are all kept, however many; of a longer one the end is lost, and its own end is not', async t => {
  const child = await spawn('sh', ['-c', 'stty -echo; echo ready; head -n 2 | wc -cl'], { terminal: true })
  const screen = new Screen(child)
  await screen.shows('ready')
  await screen.type(`${'x'.repeat(LONGEST_LINE)}\n${'y'.repeat(3 * LONGEST_LINE)}\n`)
  t.regex(await screen.rest(), new RegExp(String.raw`^\s*2\s+${2 * (LONGEST_LINE + 1)}\s*$`, 'u'))
  await child.success()
})

test('end closes the writer and leaves the terminal open', async t => {
  const child = await spawn('sh', ['-c', 'cat; echo; echo still here; exit 4'], { terminal: true })
  await child.stdin.end('x\n')
  t.true(child.stdin.isClosed)
  await t.throwsAsync(child.stdin.write('more'), { code: 'ERR_WRITER_CLOSED' })
  t.is(await child.stdout.text(), 'x\r\nx\r\n\r\nstill here\r\n')
  t.is((await child.closed).exitCode, 4)
})

const endings: Readonly<Record<string, string>> = {
  nothing: '',
  'a line': 'abc\n',
  'half a line': 'abc',
  'half a line after a whole one': 'abc\ndef',
  'a carriage return': 'abc\r',
  'a line that was taken back': 'abc\u0015',
  'a key that only ends the line': 'abc\u0004',
}

for (const [what, input] of Object.entries(endings)) {
  test(`end after ${what} is the end for who reads, once`, async t => {
    // Were there a second end, the second `cat` would find it.
    const script = 'stty -echo; echo ready; cat; echo "|"; cat; echo "|"'
    const child = await spawn('sh', ['-c', script], { terminal: true })
    const screen = new Screen(child)
    await screen.shows('ready\r\n')
    await screen.type(input)
    await child.stdin.end()
    const [shown] = await screen.shows(/^[^|]*\|/u)
    t.is(shown, `${input.includes('\u0015') ? '' : input.replaceAll(/[\n\r]+/gu, '\r\n').replace('\u0004', '')}|`)
    await t.throwsAsync(child.stdout.read({ timeout: 0 }).then(async () => await child.stdout.read({ timeout: 50 })))
    await child.terminate({ killTimeout: 0 })
    await child.stdout.cancel()
  })
}

test('end of a raw terminal adds no byte; if the program wants lines by then, it ends them', async t => {
  const raw = await spawn('sh', ['-c', 'head -c 4 | od -An -tx1'], { terminal: { raw: true } })
  await raw.stdin.end('abc')
  t.true(raw.stdin.isClosed)
  await t.throwsAsync(raw.stdout.read({ timeout: 100 }), { code: 'ERR_TIMEOUT' })
  await raw.terminate({ killTimeout: 0 })
  const cooked = await spawn('sh', ['-c', 'stty sane -echo; echo ready; cat'], { terminal: { raw: true } })
  const screen = new Screen(cooked)
  await screen.shows('ready\r\n')
  await cooked.stdin.end('abc')
  t.is(await screen.rest(), 'abc')
  await cooked.success()
})

test('end waits behind writes, and settles when nobody can be told any more', async t => {
  const child = await spawn('sleep', ['600'], { terminal: true })
  const write = child.stdin.write('line\n'.repeat(MUCH / 5))
  const end = child.stdin.end()
  await waitFor(() => child.metrics().writeParks > 0)
  await child.terminate({ killTimeout: 0 })
  await t.throwsAsync(write, { code: 'EPIPE' })
  await t.throwsAsync(end, { code: 'EPIPE' })
  t.true(child.stdin.isClosed)
  await child.stdout.cancel()
  const taken = await spawn('sh', ['-c', 'exec sleep 600'], { terminal: true })
  await taken.stdin.end()
  await taken.terminate({ killTimeout: 0 })
})

test('input is typed at the pace of the child, and then ended', async t => {
  t.is((await run('cat', [], { terminal: true, input: 'one\ntwo' })).stdout, 'one\r\ntwoone\r\ntwo')
  const lines = Array.from({ length: 20_000 }, (_, line) => `${line}\n`)
  const { stdout } = await run('sha256sum', [], { terminal: true, input: lines, lines: true })
  // What was typed is shown too, as far as there is room for it.
  t.is(stdout.at(-1)?.slice(0, 64), createHash('sha256').update(lines.join('')).digest('hex'))
})

test('without input there is none for run: a program that reads is not waited for', async t => {
  t.is((await run('wc', ['-c'], { terminal: true })).stdout, '0')
})

test('as a Node stream both ways', async t => {
  const child = await spawn('sh', ['-c', 'stty -echo; echo ready; tr a-z A-Z'], { terminal: true })
  const duplex = child.duplex()
  duplex.write('abc\n')
  duplex.end('def\n')
  let text = ''
  for await (const chunk of duplex) text += String(chunk)
  t.regex(text, /ready\r\n/u)
  t.regex(text, /ABC\r\nDEF\r\n$/u)
  await child.success()
})
