// What Elixir's Flow promises of graphs of stages, where it is about stages: results, ends, halts, partitions. Windows, triggers and joins
// are not ours.
import test from 'ava'
import { consumer, producer, producerConsumer, type Consumer, type Dispatcher, type Producer } from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'
import { counting, range } from './stages.ts'

type Step = (events: readonly number[]) => number[]

const steps: Readonly<Record<string, readonly [step: Step, sum: number]>> = {
  map: [events => events.map(n => n * 2), 42],
  filter: [events => events.filter(n => n % 2 === 0), 12],
  reject: [events => events.filter(n => n % 2 !== 0), 9],
  'flat map': [events => events.flatMap(n => [n, n]), 42],
  'flat map twice': [events => events.flatMap(n => [n, n]).flatMap(n => [n, n]), 84],
}

/** Sources through `width` stages, by a dispatcher, into one sum. */
async function sum(step: Step, dispatcher: Dispatcher<number>, width: number): Promise<number> {
  const sources = [
    producer([1, 2, 3], { dispatcher, demand: 'accumulate' }),
    producer([4, 5, 6], { dispatcher, demand: 'accumulate' }),
  ]
  const middles = Array.from({ length: width }, () => producerConsumer<number, number>(step))
  let total = 0
  const sink = consumer<number>(events => {
    for (const n of events) total += n
  })
  for (const [partition, middle] of middles.entries()) {
    for (const source of sources) {
      const options = dispatcher.type === 'partition' ? { partition } : {}
      await middle.subscribeTo(source, { ...options, cancel: 'temporary', maxDemand: 2 })
    }
    await sink.subscribeTo(middle, { cancel: 'temporary', maxDemand: 3 })
  }
  for (const source of sources) source.demand('forward')
  await Promise.all(sources.map(({ done }) => done))
  for (const middle of middles) await middle.stop()
  await sink.stop()
  return total
}

for (const [name, [step, expected]] of Object.entries(steps)) {
  test(`FL-3: ${name}: unpartitioned, partitioned, one stage and several`, async t => {
    const partition: Dispatcher<number> = { type: 'partition', partitions: 2, hash: n => n % 2 }
    t.is(await sum(step, { type: 'demand' }, 1), expected)
    t.is(await sum(step, { type: 'demand' }, 4), expected)
    t.is(await sum(step, partition, 2), expected)
  })
}

test('FL-1, FL-2: an error of a source surfaces at the end of the chain, and nothing lingers', async t => {
  const source = producer(
    (function* () {
      yield 1
      throw new Error('source')
    })(),
  )
  const middle = producerConsumer<number, number>(events => [...events])
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(middle)
  await middle.subscribeTo(source)
  for (const stage of [source, middle, sink]) await t.throwsAsync(stage.done, { message: 'source' })
  t.is(source.metrics().subscribers + middle.metrics().subscribers, 0)
})

test('FL-4: keeps the ordering of operations', async t => {
  const source = producer([1, 2, 3, 4])
  const kept = producerConsumer<number, number>(events => events.filter(n => n % 2 === 1 || n > 3))
  const larger = producerConsumer<number, number>(events => events.map(n => n + 2))
  const twice = producerConsumer<number, number>(events => events.map(n => n * 2))
  const chain: (Producer<number> & Partial<Consumer<number>>)[] = [source, kept, larger, twice]
  await kept.subscribeTo(source)
  await larger.subscribeTo(kept)
  await twice.subscribeTo(larger)
  const results: number[] = []
  for await (const n of twice.events()) results.push(n)
  t.deepEqual(results, [6, 10, 12])
  await Promise.all(chain.map(({ done }) => done))
})

test('FL-5: on halt, with and without a stage between: ten of an endless source', async t => {
  for (const hasMiddle of [false, true]) {
    let returned = 0
    const source = producer(
      (function* () {
        try {
          for (let n = 0; ; n++) yield n
        } finally {
          returned += 1
        }
      })(),
    )
    const middle = producerConsumer<number, number>(events => [...events])
    if (hasMiddle) await middle.subscribeTo(source, { maxDemand: 20 })
    const taken: number[] = []
    for await (const n of (hasMiddle ? middle : source).events()) {
      taken.push(n)
      if (taken.length === 10) break
    }
    await middle.stop()
    await source.stop()
    t.deepEqual(taken, range(0, 10))
    t.is(returned, 1)
    t.is(source.metrics().subscribers + middle.metrics().subscribers, 0)
  }
})

test('FL-6: a stage is fed through others and ends when all of them have ended', async t => {
  const sources = [producer(range(0, 100)), producer(range(100, 200))]
  const collected: number[] = []
  const sink = consumer<number>(events => void collected.push(...events))
  for (const source of sources) await sink.subscribeTo(source, { cancel: 'temporary', maxDemand: 10 })
  await Promise.all(sources.map(({ done }) => done))
  await sink.stop()
  t.deepEqual(
    [...collected].sort((one, other) => one - other),
    range(0, 200),
  )
})

test('FL-7: one key, one stage, by element, by key and by function', async t => {
  const words = ['roses', 'are', 'red', 'violets', 'are', 'blue', 'red', 'are']
  for (const hash of [(word: string) => word.length % 3, (word: string) => (word < 'm' ? 0 : 1)]) {
    const source = producer(words, { dispatcher: { type: 'partition', partitions: 3, hash }, demand: 'accumulate' })
    const seen: string[][] = [[], [], []]
    const sinks = seen.map(words => consumer<string>(events => void words.push(...events)))
    for (const [partition, sink] of sinks.entries()) await sink.subscribeTo(source, { partition, maxDemand: 2 })
    source.demand('forward')
    await Promise.all(sinks.map(({ done }) => done))
    for (const [partition, list] of seen.entries()) {
      t.deepEqual(
        list,
        words.filter(word => hash(word) === partition),
      )
    }
  }
})

test('FL-13: demand set to accumulate: nothing until forward', async t => {
  const { asks, source: count } = counting()
  const source = producer(count, { demand: 'accumulate' })
  const loop = (async () => {
    for await (const n of source.events({ maxDemand: 5 })) return n
    return undefined
  })()
  await turns(3)
  t.deepEqual(asks, [])
  source.demand('forward')
  t.is(await loop, 0)
  await source.stop()
})
