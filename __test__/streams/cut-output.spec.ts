import anyTest from 'ava'
import { Writable } from 'node:stream'
import { run, spawn, type AnySubprocess, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream } from '../helpers/known-stream.ts'
import { flood } from '../helpers/programs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const PIPE = 65_536

/** Flooded for its time and then ended, with a full pipe behind it. */
async function cut(readAhead = 0): Promise<AnySubprocess> {
  const child = await spawn(flood, [], { timeout: 300, readAhead })
  await child.closed
  return child
}

/** Reads to the end in one of the ways; gives the count of bytes, and throws what the end throws. */
type Way = (reader: ByteReader, known: KnownStream) => Promise<unknown>

const ways: Readonly<Record<string, Way>> = {
  read: async (reader, known) => {
    for (;;) {
      const chunk = await reader.read()
      if (chunk === null) return
      known.push(chunk)
    }
  },
  readInto: async (reader, known) => {
    const buffer = new Uint8Array(1000)
    for (let count = -1; count !== 0; known.push(buffer.subarray(0, count))) count = await reader.readInto(buffer)
  },
  'an iterator': async (reader, known) => {
    for await (const chunk of reader) known.push(chunk)
  },
  'readable()': async (reader, known) => {
    for await (const chunk of reader.readable()) known.push(chunk as Uint8Array)
  },
  'readableStream()': async (reader, known) => {
    for await (const chunk of reader.readableStream()) known.push(chunk)
  },
  'pipeTo()': async (reader, known) => {
    const target = new Writable({
      write(chunk: Uint8Array, _encoding, done) {
        known.push(chunk)
        done()
      },
      final: () => known.push(Uint8Array.of(255)),
    })
    target.on('error', () => {})
    await reader.pipeTo(target)
  },
}

for (const [what, way] of Object.entries(ways)) {
  for (const readAhead of [0, 2 * PIPE]) {
    test(`what the kernel held comes, and then the error, never an end: ${what}, readAhead ${readAhead}`, async t => {
      const child = await cut(readAhead)
      t.true(child.exit?.timedOut)
      const known = new KnownStream()
      await t.throwsAsync(async () => await way(child.stdout as ByteReader, known), { code: 'ERR_TIMEOUT' })
      t.true(known.offset >= PIPE && known.offset <= PIPE + readAhead, `${known.offset} bytes`)
      await t.throwsAsync((child.stdout as ByteReader).read(), { code: 'ERR_TIMEOUT' })
    })
  }
}

for (const collect of ['text', 'bytes', 'json'] as const) {
  test(`${collect}() of cut output is no shorter value`, async t => {
    const child = await cut()
    await t.throwsAsync((child.stdout as ByteReader)[collect](), { code: 'ERR_TIMEOUT' })
    await (child.stdout as ByteReader).cancel()
  })
}

test('lines() gives the lines and then the error', async t => {
  const child = await spawn(flood, ['--lines', '64'], { timeout: 300 })
  const lines: string[] = []
  await t.throwsAsync(
    async () => {
      for await (const line of child.stdout.lines()) lines.push(line)
    },
    { code: 'ERR_TIMEOUT' },
  )
  t.true(lines.slice(0, -1).every((line, index) => Number(line) === index))
})

test('a read that waits when the time is over rejects', async t => {
  const child = await spawn('sh', ['-c', 'printf abc; exec sleep 60'], { timeout: 200 })
  t.is((await child.stdout.read())?.length, 3)
  await t.throwsAsync(child.stdout.read(), { code: 'ERR_TIMEOUT' })
})

test('so does terminate(), with its own reason, and a pipe of stderr', async t => {
  const child = await spawn('sh', ['-c', 'printf abc; printf def >&2; exec sleep 60'], { stderr: 'pipe' })
  await waitFor(() => child.metrics().pipedBytes === 6)
  await child.terminate()
  for (const reader of [child.stdout, child.stderr]) {
    t.is((await reader.read())?.length, 3)
    await t.throwsAsync(reader.read(), { code: 'ERR_PROCESS_FAILED' })
  }
})

test('a child that was over before its time ran out ends as usual', async t => {
  const child = await spawn('echo', ['whole'], { timeout: 60_000 })
  await child.closed
  await child.terminate()
  t.is(await child.stdout.text(), 'whole\n')
})
