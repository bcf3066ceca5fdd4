import anyTest from 'ava'
import { readlinkSync } from 'node:fs'
import { run, spawn, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream } from '../helpers/known-stream.ts'
import { flood } from '../helpers/programs.ts'
import { ownDescriptors } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const TOTAL = 16 * 1024 * 1024

async function received(reader: ByteReader): Promise<number> {
  const known = new KnownStream()
  for await (const chunk of reader) known.push(chunk)
  return known.offset
}

test('a reader given to another child is one kernel pipe between them, and none of ours', async t => {
  const source = await spawn(flood, ['--total', String(TOTAL)])
  const target = await spawn('cat', [], { stdin: source.stdout })
  const pipe = readlinkSync(`/proc/${source.pid}/fd/1`)
  t.is(readlinkSync(`/proc/${target.pid}/fd/0`), pipe)
  t.false([...ownDescriptors().values()].includes(pipe))
  t.true(source.stdout.isClosed)
  t.is(await received(target.stdout), TOTAL)
  t.true((await source.success()).ok)
  t.true((await target.success()).ok)
  t.is(source.metrics().bytesRead, 0)
})

test('the end of the second child ends the first as in a shell', async t => {
  const source = await spawn(flood)
  const target = await spawn('head', ['-c', '100'], { stdin: source.stdout })
  t.is((await target.stdout.bytes()).length, 100)
  t.like(await source.closed, { signal: 'SIGPIPE' })
  await target.closed
})

const busy: Readonly<Record<string, (reader: ByteReader) => unknown>> = {
  'an open iterator': reader => reader[Symbol.asyncIterator]().next(),
  'a read that waits': reader => reader.read().catch(() => undefined),
  'lines()': reader => reader.lines()[Symbol.asyncIterator]().next(),
  'a Readable': reader => reader.readable(),
  'a ReadableStream': reader => reader.readableStream(),
}

for (const [what, use] of Object.entries(busy)) {
  test(`a reader in use is not given away: ${what}`, async t => {
    await using source = await spawn('sh', ['-c', 'printf "a\\nb\\n"; exec sleep 60'])
    if (what === 'a read that waits') await source.stdout.readExactly(4)
    const used = use(source.stdout)
    if (what === 'an open iterator' || what === 'lines()') await used
    await t.throwsAsync(spawn('cat', [], { stdin: source.stdout }), { code: 'ERR_READER_BUSY' })
    await source.stdout.cancel()
  })
}

test('what is given with something that can not be had stays as it was', async t => {
  await using source = await spawn('cat', [], { stdin: 'pipe' })
  await using target = await spawn('cat', [], { stdin: 'pipe' })
  await using busy = await spawn('sleep', ['60'])
  const reading = busy.stdout.read()
  const stdin = source.stdout
  const failing = { stdin, stdout: target.stdin, extraFds: [busy.stdout] }
  await t.throwsAsync(spawn('cat', [], failing), { code: 'ERR_READER_BUSY' })
  const twice = { stdin, extraFds: [stdin] }
  await t.throwsAsync(spawn('cat', [], twice), { code: 'ERR_INVALID_OPTION', message: /extraFds\[0\]/u })
  t.false(source.stdout.isClosed)
  await source.stdin.end('text')
  await target.stdin.end('more')
  t.is(await source.stdout.text(), 'text')
  t.is(await target.stdout.text(), 'more')
  await busy.terminate()
  await reading.catch(() => null)
})

test('one that reads ahead is not given away either: what it holds would be lost', async t => {
  const source = await spawn(flood, ['--total', '100000'], { readAhead: 1024 * 1024 })
  await t.throwsAsync(spawn('cat', [], { stdin: source.stdout }), { code: 'ERR_READER_BUSY' })
  t.is(await received(source.stdout), 100_000)
  await source.closed
})

for (const readAhead of [0, 1024 * 1024]) {
  test(`pipeTo moves every byte between the ends of two children: readAhead ${readAhead}`, async t => {
    const source = await spawn(flood, ['--total', String(TOTAL)], { readAhead })
    const target = await spawn('cat', [], { stdin: 'pipe', readAhead })
    const [moved, count] = await Promise.all([source.stdout.pipeTo(target.stdin), received(target.stdout)])
    t.deepEqual([moved, count], [TOTAL, TOTAL])
    t.true((await source.success()).ok && (await target.success()).ok)
  })

  test(`a target that ends early rejects pipeTo, and the rest can be read: readAhead ${readAhead}`, async t => {
    const source = await spawn(flood, ['--total', '1000000'], { readAhead })
    const target = await spawn('head', ['-c', '10'], { stdin: 'pipe' })
    await t.throwsAsync(source.stdout.pipeTo(target.stdin), { code: 'EPIPE' })
    const known = new KnownStream()
    known.offset = source.stdout.bytesRead
    t.is(target.stdin.bytesWritten, known.offset)
    for await (const chunk of source.stdout) known.push(chunk)
    t.is(known.offset, 1_000_000)
    t.is((await target.stdout.bytes()).length, 10)
    await Promise.all([source.closed, target.closed])
  })
}

test('of a chunk that the target took in part only the rest comes back', async t => {
  const TAKEN = 16_384
  const source = await spawn(flood, ['--total', '300000'])
  // Makes room for a part of the second chunk, and stays.
  const script = `dd bs=${TAKEN} count=1 iflag=fullblock of=/dev/null 2>/dev/null; exec sleep 60`
  const target = await spawn('sh', ['-c', script], { stdin: 'pipe' })
  const moving = t.throwsAsync(source.stdout.pipeTo(target.stdin), { code: 'EPIPE' })
  await waitFor(() => target.metrics().bytesWritten === 65_536 + TAKEN)
  await target.terminate()
  await moving
  const known = new KnownStream()
  known.offset = target.stdin.bytesWritten
  t.is(source.stdout.bytesRead, known.offset)
  for await (const chunk of source.stdout) known.push(chunk)
  t.is(known.offset, 300_000)
  await Promise.all([source.closed, target.closed])
})

test('a target that does not read holds the source back', async t => {
  await using source = await spawn(flood)
  await using target = await spawn('sleep', ['60'], { stdin: 'pipe' })
  const moving = source.stdout.pipeTo(target.stdin).catch((error: unknown) => error)
  await waitFor(() => target.metrics().pipedBytes === 65_536)
  await waitFor(() => source.metrics().pipedBytes === 65_536)
  t.true(source.metrics().bytesRead <= 2 * 65_536)
  await target.terminate()
  t.like(await moving, { code: 'EPIPE' })
  await source.stdout.cancel()
})

test('writing to a child that is over is EPIPE, whenever it is noticed; ending is nothing', async t => {
  const child = await spawn('true', [], { stdin: 'pipe' })
  await child.closed
  await t.throwsAsync(child.stdin.write('late'), { code: 'EPIPE' })
  await t.notThrowsAsync(child.stdin.end())
  await t.throwsAsync(child.stdin.write('later'), { code: 'ERR_WRITER_CLOSED' })
})
