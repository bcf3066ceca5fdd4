import anyTest from 'ava'
import { run, spawn, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream } from '../helpers/known-stream.ts'
import { Counter, flood } from '../helpers/programs.ts'
import { ownMemory, ticksOf, writtenBy } from '../helpers/usage.ts'
import { staysTrue, waitFor } from '../helpers/wait-for.ts'

const PIPE = 65_536
const MiB = 1024 * 1024

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

const untouched: readonly [string, (reader: ByteReader) => unknown][] = [
  ['nothing', () => undefined],
  ['a Readable nobody listens to', reader => reader.readable()],
  ['a ReadableStream nobody reads', reader => reader.readableStream()],
  ['lines() nobody asks', reader => reader.lines()],
  ['an iterator nobody asks', reader => reader[Symbol.asyncIterator]()],
]

for (const [what, wrap] of untouched) {
  test(`a child that writes without end stands still, our memory too: ${what}`, async t => {
    const counter = new Counter()
    await using child = await spawn(flood, ['--counter', counter.file])
    wrap(child.stdout)
    await waitFor(() => counter.value >= PIPE)
    // Looking costs memory too: what it needs is there before it is measured.
    await staysTrue(() => counter.value === PIPE && ownMemory() > 0, 500, 'the full pipe')
    const before = { memory: ownMemory(), ticks: ticksOf(child.pid) }
    const seconds = what === 'nothing' ? 5 : 1
    await staysTrue(() => counter.value === PIPE, seconds * 1000, 'the count of bytes the child got rid of')
    // The call that blocks is counted when it returns.
    t.true(writtenBy(child.pid) <= PIPE)
    t.true(ticksOf(child.pid) - before.ticks <= 1)
    const grown = ownMemory() - before.memory
    t.true(grown < PIPE + MiB, `grown by ${grown}`)
    t.is(child.metrics().pipedBytes, PIPE)
    await child.stdout.cancel()
    counter[Symbol.dispose]()
  })
}

test('reading lets it go on, and every byte comes in order', async t => {
  const counter = new Counter()
  await using child = await spawn(flood, ['--counter', counter.file])
  await waitFor(() => counter.value >= PIPE)
  const known = new KnownStream()
  while (known.offset < 8 * MiB) known.push((await child.stdout.read()) ?? new Uint8Array(0))
  const read = known.offset
  await waitFor(() => child.metrics().pipedBytes === PIPE)
  await staysTrue(() => counter.value === read + PIPE, 500, 'one pipe ahead of the reader')
  t.is(child.stdout.bytesRead, read)
  await child.stdout.cancel()
  counter[Symbol.dispose]()
})
