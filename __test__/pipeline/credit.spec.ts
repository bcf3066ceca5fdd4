// How much may be on its way to a writer, and how far ahead of it a processor may work.
import test from 'ava'
import fc from 'fast-check'
import { EventPipeline, type Processor, type WriterLink } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)

async function opened(ring = 1024): Promise<EventPipeline<number>> {
  return await EventPipeline.open<number>({ ring })
}

const same = ({ data }: { data: number }): number[] => [data]

test('S1.6, S1.20: no more is on its way than the writer has places for, and an acknowledgement lets as much follow', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({ capacity: 3 })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(8)) await pipeline.publish(n)
  await waitFor(() => writer.items.length === 3)
  await turns(3)
  t.is(writer.items.length, 3)
  t.is(pipeline.metrics().processors['p']?.credit, 0)
  writer.settle(0)
  await waitFor(() => writer.items.length > 3)
  await turns(3)
  t.is(writer.items.length, 3 + (writer.calls[0]?.batch.items.length ?? 0))
  await processor.remove()
})

test('S1.6, PIPE-4: credit is an absolute total: repeated and smaller grants change nothing, and sent never exceeds granted', async t => {
  await using pipeline = await opened()
  let link: WriterLink | undefined
  const writer = new Recorder<number>({ capacity: 2, maxBatch: 8, onWrite: (_, its) => void (link = its) })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, ack: 'manual', writer })
  for (const n of numbers(20)) await pipeline.publish(n)
  await waitFor(() => writer.items.length === 2)
  processor.pause()
  for (const total of [5, 5, 3]) link?.grant(total)
  processor.resume()
  await waitFor(() => writer.items.length === 5)
  await turns(3)
  t.is(writer.items.length, 5)
  // Nothing is acknowledged, and it may go on all the same: the grants alone count.
  link?.grant(9)
  await waitFor(() => writer.items.length === 9)
  await turns(2)
  t.deepEqual(writer.values, numbers(9))
  t.throws(() => link?.grant(Number.NaN), { code: 'ERR_INVALID_OPTION' })
  await processor.remove()
})

test('S1.23, PIPE-4: credit is there before the data, so the first output goes without asking', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({ capacity: 4 })
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  t.is(pipeline.metrics().processors['p']?.credit, 4)
  await pipeline.publish(1)
  // One look at the event, one at the writer, in the same turn.
  await Promise.resolve()
  process.nextTick(() => t.is(writer.items.length, 1))
  await turns()
  t.is(writer.items.length, 1)
  writer.settle(0)
  await processor.caughtUp({ timeout: 5000 })
})

test('S1.36: a writer may pull by its grants, or be pushed to as long as it has places', async t => {
  await using pipeline = await opened()
  let link: WriterLink | undefined
  const pulls = new Recorder<number>({ name: 'pulls', capacity: 1, onWrite: (_, its) => void (link = its) })
  const pushed = Recorder.eager<number>({ name: 'pushed' })
  const one = await pipeline.addProcessor({ name: 'one', process: same, writer: pulls })
  const two = await pipeline.addProcessor({ name: 'two', process: same, writer: pushed })
  await pipeline.publish(1)
  await one.caughtUp({ timeout: 5000 })
  link?.grant(1)
  for (const n of numbers(4, 2)) await pipeline.publish(n)
  await two.caughtUp({ timeout: 5000 })
  t.deepEqual(pushed.values, numbers(5))
  t.deepEqual(pulls.values, [1])
  link?.grant(3)
  await waitFor(() => pulls.items.length === 3)
  link?.grant(5)
  await one.caughtUp({ timeout: 5000 })
  t.deepEqual(pulls.values, numbers(5))
})

test('S1.7: one writer serves several processors in turns, and all that is on its way fits its places', async t => {
  await using pipeline = await opened()
  let flying = 0
  let most = 0
  const order: string[] = []
  const writer = new Recorder<number>({
    capacity: 4,
    maxBatch: 1,
    onWrite: async ({ processor, items }) => {
      order.push(processor)
      flying += items.length
      most = Math.max(most, flying)
      await turns()
      flying -= items.length
    },
  })
  pipeline.addWriter(writer)
  const processors: Processor[] = []
  for (const name of ['a', 'b', 'c']) {
    processors.push(await pipeline.addProcessor<number>({ name, process: same, writer: 'recorder' }))
  }
  for (const n of numbers(50)) await pipeline.publish(n)
  for (const processor of processors) await processor.caughtUp({ timeout: 5000 })
  t.is(most, 4)
  // At any moment the three are about as far as each other.
  for (const until of [30, 60, 90]) {
    const counts = ['a', 'b', 'c'].map(name => order.slice(0, until).filter(one => one === name).length)
    t.true(Math.max(...counts) - Math.min(...counts) <= 4, counts.join())
  }
})

test('S1.7, S1.16: whose outputs are never acknowledged keeps no other processor from their writer', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({
    capacity: 8,
    onWrite: ({ processor, items }, link) => {
      if (processor !== 'stuck') link.ack(items.at(-1)?.sequence ?? 0)
    },
  })
  pipeline.addWriter(writer)
  const stuck = await pipeline.addProcessor<number>({ name: 'stuck', ack: 'manual', process: same, writer: 'recorder' })
  const free = await pipeline.addProcessor<number>({ name: 'free', ack: 'manual', process: same, writer: 'recorder' })
  for (const n of numbers(100)) await pipeline.publish(n)
  await free.caughtUp({ timeout: 5000 })
  t.is(free.published, 100)
  await stuck.remove()
})

for (const capacity of [2, 3]) {
  test(`S1.7, S1.16: one of ${capacity} places is left for the others, however many they are`, async t => {
    await using pipeline = await opened()
    const stays = deferred()
    const writer = new Recorder<number>({
      capacity,
      onWrite: async ({ processor }) => await (processor === 'stuck' ? stays.promise : turns()),
    })
    pipeline.addWriter(writer)
    const many = ({ data }: { data: number }): number[] => [data, data, data, data]
    const stuck = await pipeline.addProcessor<number>({ name: 'stuck', process: many, writer: 'recorder' })
    const free: Processor[] = []
    for (const name of ['a', 'b', 'c']) {
      free.push(await pipeline.addProcessor<number>({ name, process: many, writer: 'recorder' }))
    }
    for (const n of numbers(3)) await pipeline.publish(n)
    for (const processor of free) await processor.caughtUp({ timeout: 5000 })
    stays.resolve()
    await stuck.caughtUp({ timeout: 5000 })
    t.is(stuck.published, 3)
  })
}

test("S1.7, S1.16: nor does it keep the others out when a processor's only places come back while it waits for more", async t => {
  await using pipeline = await opened()
  const stays = deferred()
  const writer = new Recorder<number>({
    capacity: 4,
    onWrite: async ({ processor }) => await (processor === 'stuck' ? stays.promise : turns()),
  })
  pipeline.addWriter(writer)
  const pair = ({ data }: { data: number }): number[] => [data, -data]
  const stuck = await pipeline.addProcessor<number>({ name: 'stuck', process: pair, writer: 'recorder' })
  const free = await pipeline.addProcessor<number>({ name: 'free', process: same, writer: 'recorder' })
  for (const n of numbers(10)) await pipeline.publish(n)
  await free.caughtUp({ timeout: 5000 })
  t.is(free.published, 10)
  t.is(stuck.published, 0)
  stays.resolve()
  await stuck.caughtUp({ timeout: 5000 })
})

test('S1.26, PIPE-13: who waits for a writer is queued, can be looked at, and leaves without a trace', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({ capacity: 1 })
  pipeline.addWriter(writer)
  const processors: Processor[] = []
  for (const name of ['a', 'b', 'c']) {
    processors.push(await pipeline.addProcessor<number>({ name, process: same, writer: 'recorder' }))
  }
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 1)
  t.deepEqual(
    Object.values(pipeline.metrics().processors).map(({ credit }) => credit),
    [0, 0, 0],
  )
  await processors[1]?.remove()
  writer.settle(0)
  await waitFor(() => writer.calls.length === 2)
  writer.settle(1)
  await processors[2]?.caughtUp({ timeout: 5000 })
  t.deepEqual(
    writer.calls.map(({ batch }) => batch.processor),
    ['a', 'c'],
  )
})

test('S1.12, PIPE-5: while the writer is busy a whole batch more is made ready', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({ capacity: 4 })
  let made = 0
  const processor = await pipeline.addProcessor<number>({
    name: 'p',
    async *process({ data }) {
      made += 1
      yield data
    },
    writer,
  })
  for (const n of numbers(40)) await pipeline.publish(n)
  await waitFor(() => made - writer.items.length >= 4)
  await waitFor(() => writer.items.length === 4)
  await turns(5)
  t.true(made - writer.items.length >= 4)
  for (let n = 0; n < writer.calls.length; n++) {
    writer.settle(n)
    await waitFor(() => processor.published === 40 || writer.calls.length > n + 1)
    // What comes next was ready: it went as one whole batch.
    if (n > 4 && processor.published < 36)
      t.is(writer.last.batch.items.length, writer.calls[n]?.batch.items.length ?? 0)
  }
})

test('S1.24: no more outputs exist than are sent and the look-ahead allows', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        items: fc.integer({ min: 2, max: 12 }),
        capacity: fc.integer({ min: 1, max: 6 }),
        concurrency: fc.integer({ min: 1, max: 4 }),
        sizes: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 }),
      }),
      async ({ items, capacity, concurrency, sizes }) => {
        await using pipeline = await EventPipeline.open<number>()
        let made = 0
        let taken = 0
        let worst = 0
        const writer = new Recorder<number>({
          capacity,
          onWrite: async batch => {
            taken += batch.items.length
            await turns()
          },
        })
        const processor = await pipeline.addProcessor<number>({
          name: 'p',
          lookahead: { items },
          computeConcurrency: concurrency,
          async *process({ data }) {
            for (let i = 0; i < data; i++) {
              made += 1
              worst = Math.max(worst, made - taken)
              yield i
            }
          },
          writer,
        })
        for (const size of sizes) await pipeline.publish(size)
        await processor.caughtUp({ timeout: 5000 })
        t.is(
          taken,
          sizes.reduce((sum, size) => sum + size, 0),
        )
        t.true(worst <= items + 1, `${worst} of ${items}`)
      },
    ),
    { numRuns: 150 },
  )
})

test('PIPE-5: later events can never take the share of the oldest', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<string>({ capacity: 2, onWrite: async () => await turns() })
  const gate = deferred()
  let made = 0
  const processor = await pipeline.addProcessor<string>({
    name: 'p',
    lookahead: { items: 4 },
    computeConcurrency: 4,
    async *process({ data }) {
      if (data === 1) await gate.promise
      for (let i = 0; i < 20; i++) {
        made += 1
        yield `${data}.${i}`
      }
    },
    writer,
  })
  for (const n of numbers(6)) await pipeline.publish(n)
  await turns(10)
  t.is(writer.items.length, 0)
  t.is(made, 2)
  // The later ones fill what they may; the oldest, come late, still finds room.
  gate.resolve()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(
    writer.values,
    numbers(6).flatMap(n => numbers(20, 0).map(i => `${n}.${i}`)),
  )
})

test('S1.29: the look-ahead is bounded in bytes too', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<unknown>({ capacity: 2 })
  let made = 0
  const kinds: unknown[] = ['é'.repeat(500), new Uint8Array(1000), { text: 'x'.repeat(989) }]
  const processor = await pipeline.addProcessor<unknown>({
    name: 'p',
    lookahead: { items: 1000, maxBytes: 10_000 },
    *process() {
      for (;;) yield kinds[made++ % 3]
    },
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.items.length === 2)
  await turns(3)
  t.is(made - writer.items.length, 10)
  await processor.remove()
})

test('an output that is larger than the whole look-ahead goes alone', async t => {
  await using pipeline = await opened()
  const writer = Recorder.eager<string>()
  const processor = await pipeline.addProcessor<string>({
    name: 'p',
    lookahead: { maxBytes: 10 },
    *process() {
      yield 'x'.repeat(100)
      yield 'y'.repeat(100)
    },
    writer,
  })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 5000 })
  t.is(writer.items.length, 2)
})

const loop: Record<string, unknown> = {}
loop['self'] = loop
const unmeasured: readonly (readonly [kind: string, value: unknown])[] = [
  ['a BigInt', 1n],
  ['a circle', loop],
  [
    'a toJSON that throws',
    {
      toJSON: () => {
        throw new Error('no JSON')
      },
    },
  ],
]

for (const [kind, value] of unmeasured) {
  test(`with maxBytes an output without JSON fails its event, and nothing else: ${kind}`, async t => {
    await using pipeline = await opened()
    const writer = Recorder.eager<unknown>()
    const letters: number[] = []
    const gives = [
      (): unknown[] => ['fine', value],
      async (): Promise<unknown[]> => ['fine', value],
      function* (): Generator<unknown, void> {
        yield* ['fine', value]
      },
      async function* (): AsyncGenerator<unknown, void> {
        yield* ['fine', value]
      },
    ]
    const processor = await pipeline.addProcessor<unknown>({
      name: 'p',
      lookahead: { maxBytes: 1000 },
      process: ({ data }) => (gives[data]?.() as unknown[] | undefined) ?? ['good'],
      onExhausted: 'dead-letter',
      deadLetter: ({ sequence }) => void letters.push(sequence),
      writer,
    })
    for (const n of numbers(5, 0)) await pipeline.publish(n)
    await processor.caughtUp({ timeout: 5000 })
    t.deepEqual(letters, numbers(4))
    t.is(writer.values.at(-1), 'good')
    t.false(writer.values.includes(value))
    // What is counted is given back: the whole look-ahead is there for the next ones.
    for (const n of numbers(200, 5)) await pipeline.publish(n)
    await processor.caughtUp({ timeout: 5000 })
  })
}

test('an output that changes while it waits is counted as it came', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<string[]>({ capacity: 1 })
  const values: string[][] = []
  const processor = await pipeline.addProcessor<string[]>({
    name: 'p',
    lookahead: { items: 1000, maxBytes: 400 },
    *process() {
      for (;;) {
        const value = ['x'.repeat(90)]
        values.push(value)
        yield value
      }
    },
    writer,
  })
  await pipeline.publish(1)
  await waitFor(() => writer.calls.length === 1)
  await turns(2)
  const ahead = values.length - 1
  // What waits shrinks to nothing; that makes no room for more than leaves.
  for (const value of values) value.length = 0
  writer.settle(0)
  await waitFor(() => writer.calls.length === 2)
  await turns(2)
  t.is(values.length - 2, ahead)
  await processor.remove()
})

test('S1.7, S1.16: a processor that was granted credit waits for none of the places that others hold', async t => {
  await using pipeline = await opened()
  const writer = new Recorder<number>({
    capacity: 2,
    onWrite: ({ processor, items }, link) => {
      if (processor !== 'granted') return
      link.grant(1000)
      link.ack(items.at(-1)?.sequence ?? 0)
    },
  })
  pipeline.addWriter(writer)
  const options = { ack: 'manual', process: same, writer: 'recorder' } as const
  const granted = await pipeline.addProcessor<number>({ ...options, name: 'granted' })
  await pipeline.publish(1)
  await granted.caughtUp({ timeout: 5000 })
  const stuck = await pipeline.addProcessor<number>({ ...options, name: 'stuck' })
  for (const n of numbers(5, 2)) await pipeline.publish(n)
  await waitFor(() => writer.calls.filter(({ batch }) => batch.processor === 'stuck').length > 0)
  for (const n of numbers(100, 7)) await pipeline.publish(n)
  await granted.caughtUp({ timeout: 5000 })
  t.is(granted.published, 106)
  t.is(stuck.published, 0)
  await stuck.remove()
})

test('PIPE-4: whatever a writer grants, and however often, no more is sent than it granted, and all of that', async t => {
  const steps = fc.array(
    fc.record({ grant: fc.integer({ min: 0, max: 60 }), events: fc.integer({ min: 0, max: 12 }) }),
    {
      maxLength: 15,
    },
  )
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (plan, maxBatch) => {
      await using pipeline = await opened()
      let granted = 1
      let link: WriterLink | undefined
      const writer = new Recorder<number>({
        capacity: 9,
        maxBatch,
        onWrite: (_, its) => {
          its.grant(granted)
          link = its
        },
      })
      const processor = await pipeline.addProcessor({ name: 'p', process: same, ack: 'manual', writer })
      await pipeline.publish(1)
      await waitFor(() => writer.items.length === 1)
      let published = 1
      for (const { grant, events } of plan) {
        for (let n = 0; n < events; n++) await pipeline.publish(++published)
        granted = Math.max(granted, grant)
        link?.grant(grant)
        const expected = Math.min(granted, published)
        await waitFor(() => writer.items.length >= expected)
        await turns(2)
        t.is(writer.items.length, expected)
      }
      t.deepEqual(writer.values, numbers(Math.min(granted, published)))
      await processor.remove()
    }),
    { numRuns: 50 },
  )
})
