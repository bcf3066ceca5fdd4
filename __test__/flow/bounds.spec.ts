// How far a flow goes ahead: nothing before it is consumed, then exactly to its bounds, and not a value further.
import test from 'ava'
import { Channel, flow, type Flow } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

/** A source without end that counts what was taken out of it. */
class Counted implements AsyncIterable<number>, Iterable<number> {
  taken = 0
  opened = 0

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    this.opened += 1
    for (;;) yield this.taken++
  }

  *[Symbol.iterator](): Generator<number> {
    this.opened += 1
    for (;;) yield this.taken++
  }
}

/** The same source without an iterator that gives values at once. */
const asynchronous = (source: Counted): AsyncIterable<number> => ({
  [Symbol.asyncIterator]: () => source[Symbol.asyncIterator](),
})

const never = (): Promise<never> => new Promise(() => {})
const later = async (x: number): Promise<number> => x

test('nothing runs before a flow is consumed, and then no more than its source is asked for', async t => {
  const source = new Counted()
  const steps = flow(source)
    .map(x => x + 1)
    .filter(x => x > 0)
    .batch({ maxSize: 2 })
  const iterator = steps[Symbol.asyncIterator]()
  await turns(3)
  t.is(source.opened, 0)
  t.is(source.taken, 0)
  t.deepEqual((await iterator.next()).value, [1, 2])
  await iterator.return?.()
})

test('values that nobody waits with go through one by one: none is taken ahead of the one that is asked for', async t => {
  const source = new Counted()
  const taken: number[] = []
  for await (const value of flow(source)
    .map(x => x * 2)
    .filter(x => x % 4 === 0)) {
    taken.push(source.taken)
    if (value === 8) break
  }
  t.deepEqual(taken, [1, 3, 5])
})

const shapes: readonly [string, (source: Counted) => Flow<number>, number][] = [
  ['nothing in between', source => flow(source), 0],
  ['map', source => flow(source).map(later), 2],
  ['map, callbacks that give at once', source => flow(source).map(x => x), 1],
  [
    'map at once, then map',
    source =>
      flow(source)
        .map(x => x)
        .map(later),
    1 + 2,
  ],
  ['map, concurrency 4', source => flow(source).map(later, { concurrency: 4 }), 8],
  ['map, concurrency 4, not in order', source => flow(source).map(later, { concurrency: 4, ordered: false }), 8],
  ['map, concurrency 4, capacity 1', source => flow(source).map(later, { concurrency: 4, capacity: 1 }), 5],
  ['map, capacity 0', source => flow(source).map(later, { capacity: 0 }), 1],
  ['filter', source => flow(source).filter(async () => true), 2],
  ['tap', source => flow(source).tap(async () => {}), 2],
  ['buffer', source => flow(source).buffer(7), 7],
  [
    'buffer, then map at once without an edge',
    source =>
      flow(source)
        .buffer(3)
        .map(x => x, { capacity: 0 }),
    3,
  ],
  ['rendezvous', source => flow(source).buffer(0), 0],
  ['rate', source => flow(source).rate({ limit: 1, interval: 3_600_000, burst: 2 }), 1],
  ['flatMap', source => flow(source).flatMap(x => [x, x]), 0],
  ['flatMap, concurrency 3', source => flow(source).flatMap(async x => [x], { concurrency: 3 }), 2],
  [
    'one after the other',
    source =>
      flow(source)
        .map(later)
        .buffer(3)
        .map(later, { concurrency: 2 })
        .filter(x => x >= 0),
    2 + 3 + 4 + 1,
  ],
]

for (const [what, build, bound] of shapes) {
  for (const kind of ['iterable', 'async iterable'] as const) {
    test(`behind a consumer that stands still exactly as much is under way as the bounds say: ${what}, ${kind}`, async t => {
      const source = new Counted()
      const controller = new AbortController()
      const steps = build(kind === 'iterable' ? source : (asynchronous(source) as never))
      const stuck = deferred()
      const done = steps.forEach(() => stuck.promise, { signal: controller.signal })
      // One is with the consumer.
      await waitFor(() => source.taken > bound)
      await turns(10)
      t.is(source.taken, bound + 1)
      controller.abort()
      stuck.resolve()
      await t.throwsAsync(done, { code: 'ABORT_ERR' })
      t.is(source.taken, bound + 1)
    })
  }
}

test('S3.17: with a last stage that stands still, three edges of five hold what their bounds say', async t => {
  const source = new Counted()
  const controller = new AbortController()
  const steps = flow(source).buffer(5).map(later, { capacity: 5 }).map(later, { capacity: 5 })
  const done = steps.forEach(never, { signal: controller.signal })
  await waitFor(() => source.taken >= 18)
  await turns(10)
  t.is(source.taken, 5 * 3 + 3)
  t.true(source.taken <= 5 * 3 + 4)
  controller.abort()
  // The callback that never ends holds up the rejection: nothing is left running behind it.
  t.is(await standing(done), 'pending')
})

test('no more callbacks run than concurrency says, and as many as it says do', async t => {
  let running = 0
  let most = 0
  const gates = Array.from({ length: 20 }, () => deferred())
  const work = async (index: number): Promise<number> => {
    running += 1
    most = Math.max(most, running)
    await gates[index]?.promise
    running -= 1
    return index
  }
  const done = flow(gates.keys()).map(work, { concurrency: 4 }).toArray()
  await waitFor(() => running === 4)
  for (const gate of gates) {
    gate.resolve()
    await turns(2)
  }
  t.deepEqual(await done, [...gates.keys()])
  t.is(most, 4)
})

test('forEach runs as many callbacks as it is told', async t => {
  const source = new Counted()
  const gate = deferred()
  let running = 0
  const done = flow(source)
    .take(10)
    .forEach(
      async () => {
        running += 1
        await gate.promise
      },
      { concurrency: 3 },
    )
  await waitFor(() => running === 3)
  await turns(3)
  t.is(source.taken, 3)
  gate.resolve()
  await done
  t.is(source.taken, 10)
})

test('a slow head of the line holds up what is ready behind it, to the bound', async t => {
  const head = deferred<number>()
  const source = new Counted()
  const results: number[] = []
  const done = flow(source)
    .map(async x => (x === 0 ? await head.promise : x), { concurrency: 2, capacity: 3 })
    .take(8)
    .forEach(value => void results.push(value))
  await waitFor(() => source.taken >= 5)
  await turns(10)
  t.deepEqual(results, [])
  // One runs, and with those that are ready they are five.
  t.is(source.taken, 5)
  head.resolve(0)
  await done
  t.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7])
})

test('out of order, values go on as they are ready', async t => {
  const gates = [deferred(), deferred(), deferred()]
  const results: number[] = []
  const done = flow([0, 1, 2])
    .map(
      async x => {
        await gates[x]?.promise
        return x
      },
      { concurrency: 3, ordered: false },
    )
    .forEach(value => void results.push(value))
  for (const [count, index] of [2, 0, 1].entries()) {
    gates[index]?.resolve()
    await waitFor(() => results.length > count)
  }
  await done
  t.deepEqual(results, [2, 0, 1])
})

test('a batch is formed while the one before is handled, and no more is read', async t => {
  const source = new Counted()
  const gate = deferred()
  const sizes: number[] = []
  const done = flow(asynchronous(source))
    .batch({ maxSize: 10 })
    .take(2)
    .forEach(async items => {
      sizes.push(items.length)
      await gate.promise
    })
  await waitFor(() => source.taken >= 20)
  await turns(10)
  t.deepEqual(sizes, [10])
  t.is(source.taken, 20)
  gate.resolve()
  await done
  t.deepEqual(sizes, [10, 10])
})

test('take asks for no value more than it gives', async t => {
  const source = new Counted()
  t.deepEqual(await flow(source).take(3).toArray(), [0, 1, 2])
  t.is(source.taken, 3)
  t.deepEqual(await flow(source).take(0).toArray(), [])
  t.is(source.opened, 1)
})

test('a channel keeps what a flow did not ask for', async t => {
  const channel = new Channel<number>(10)
  for (const value of [1, 2, 3, 4]) channel.trySend(value)
  t.deepEqual(
    await flow(channel)
      .map(x => x * 10)
      .take(2)
      .toArray(),
    [10, 20],
  )
  t.false(channel.isClosed)
  t.is(channel.length, 2)
  t.deepEqual(await flow(channel).take(1).toArray(), [3])
})

test('a flow of values that are always ready starves nothing', async t => {
  const source = new Counted()
  let isOver = false
  const controller = new AbortController()
  const done = flow(source)
    .map(x => x)
    .filter(x => x < 0)
    .forEach(() => {}, { signal: controller.signal })
  const plain = flow(source).forEach(() => {}, { signal: controller.signal })
  const batches = flow(source)
    .batch({ maxSize: Infinity, maxDelay: 1 })
    .forEach(items => void (isOver ||= items.length > 0), { signal: controller.signal })
  await turns(5)
  controller.abort()
  await t.throwsAsync(done, { code: 'ABORT_ERR' })
  await t.throwsAsync(plain, { code: 'ABORT_ERR' })
  await t.throwsAsync(batches, { code: 'ABORT_ERR' })
})
