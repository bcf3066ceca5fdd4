// The dispatcher 'partition': who gets what, and that no partition ever holds more than its room.
import test from 'ava'
import { consumer, producer, producerConsumer, type ProducerOptions } from '../../index.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, ending, range, recorder, silent } from './stages.ts'

const ROOM = { type: 'partition', partitions: 2, hash: (n: number) => n % 2, room: 8 } as const

test('GS-49: asks and dispatches to custom partitions', async t => {
  const { asks, source: nothing } = silent()
  const source = producer<number>(nothing, {
    dispatcher: { type: 'partition', partitions: ['odd', 'even'], hash: n => (n % 2 === 0 ? 'even' : 'odd') },
  })
  const { stage, batches } = recorder<number>(1000)
  ending(t, stage, source)
  const odd = await stage.subscribeTo(source, { partition: 'odd', manual: true })
  odd.ask(3)
  t.deepEqual(asks, [3])
  source.emit([1])
  await waitFor(() => batches.length === 1)
  odd.ask(3)
  source.emit([5, 7, 9, 11, 13, 15, 17])
  await waitFor(() => batches.length === 2)
  t.deepEqual(batches, [[1], [5, 7, 9, 11, 13]])
  t.is(source.metrics().buffered, 2)
})

test('GS-49: none: 12 events, 4 + 4 demand: 8 delivered, 3 discarded, one is left', async t => {
  const source = producer<number>(silent().source, {
    dispatcher: {
      type: 'partition',
      partitions: ['odd', 'even'],
      hash: n => (n % 3 === 0 ? null : n % 2 ? 'odd' : 'even'),
    },
    demand: 'accumulate',
  })
  const [odd, even] = [recorder<number>(1000), recorder<number>(1000)]
  ending(t, odd.stage, even.stage, source)
  for (const [name, { stage }] of [
    ['even', even],
    ['odd', odd],
  ] as const) {
    const subscription = await stage.subscribeTo(source, { partition: name, manual: true })
    subscription.ask(4)
  }
  source.demand('forward')
  source.emit(range(1, 13))
  await waitFor(() => odd.batches.length === 1 && even.batches.length === 1)
  t.deepEqual([odd.batches, even.batches], [[[1, 5, 7, 11]], [[2, 4, 8, 10]]])
  t.is(source.metrics().buffered, 1)
})

test('GS-49: what is discarded is ordered again', async t => {
  const { source: count } = counting()
  const source = producer(count, {
    dispatcher: { type: 'partition', partitions: 1, hash: n => (n % 10 === 0 ? 0 : null) },
  })
  const { stage, batches, full } = recorder<number>(20)
  ending(t, stage, source)
  await stage.subscribeTo(source, { partition: 0, maxDemand: 4 })
  await full
  t.deepEqual(
    batches.flat(),
    range(0, 20).map(n => n * 10),
  )
})

test('GS-50: events wait for a partition that nobody is subscribed to, and are given on demand', async t => {
  const source = producer<number>(silent().source, { dispatcher: { ...ROOM, hash: () => 0 } })
  const [zero, one] = [recorder<number>(1000), recorder<number>(1000)]
  ending(t, zero.stage, one.stage, source)
  const waiting = await one.stage.subscribeTo(source, { partition: 1, manual: true })
  waiting.ask(5)
  source.emit(range(0, 5))
  t.is(source.metrics().buffered, 5)
  const taking = await zero.stage.subscribeTo(source, { partition: 0, manual: true })
  taking.ask(3)
  await waitFor(() => zero.batches.length === 1)
  taking.ask(5)
  await waitFor(() => zero.batches.length === 2)
  t.deepEqual(zero.batches, [range(0, 3), range(3, 5)])
  t.deepEqual(one.batches, [])
  t.is(source.metrics().buffered, 0)
})

test('GS-50: events of a subscriber that leaves wait for the next one', async t => {
  const source = producer<number>(range(0, 6), { dispatcher: { ...ROOM, hash: () => 0 } })
  const [first, second] = [recorder<number>(1000), recorder<number>(1000)]
  ending(t, first.stage, second.stage, source)
  const other = await consumer<number>(() => {}).subscribeTo(source, { partition: 1, manual: true })
  const early = await first.stage.subscribeTo(source, { partition: 0, manual: true })
  early.ask(2)
  other.ask(10)
  await waitFor(() => first.batches.length === 1)
  await early.cancel()
  const late = await second.stage.subscribeTo(source, { partition: 0, manual: true })
  late.ask(10)
  await waitFor(() => second.batches.flat().length === 4)
  t.deepEqual(
    [first.batches.flat(), second.batches.flat()],
    [
      [0, 1],
      [2, 3, 4, 5],
    ],
  )
})

test('GS-51: a hot partition holds up the others before it holds more than its room', async t => {
  let hash = 0
  const { asks, source: count } = counting()
  const source = producer(count, { dispatcher: { ...ROOM, hash: () => hash } })
  const [cold, hot] = [recorder<number>(40), recorder<number>(1)]
  ending(t, cold.stage, hot.stage, source)
  await hot.stage.subscribeTo(source, { partition: 0, maxDemand: 5 })
  await cold.stage.subscribeTo(source, { partition: 1, maxDemand: 5 })
  await turns(5)
  // Five with the stalled one, and its room.
  t.is(
    asks.reduce((sum, ask) => sum + ask, 0),
    5 + 8,
  )
  t.is(source.metrics().buffered, 8)
  t.deepEqual(cold.batches, [])
  hash = 1
  await turns(3)
  t.is(source.metrics().buffered, 8)
})

test('GS-52: an unknown partition, and a hash that throws, fail the stage', async t => {
  for (const hash of [
    () => 'oops',
    () => {
      throw new TypeError('no hash')
    },
  ]) {
    const source = producer([1, 2, 5], { dispatcher: { type: 'partition', partitions: ['foo', 'bar'], hash } })
    const sink = consumer<number>(() => {})
    await sink.subscribeTo(source, { partition: 'foo' })
    await t.throwsAsync(source.done, { message: /`hash`|no hash/u })
    await t.throwsAsync(sink.done, { message: /`hash`|no hash/u })
  }
})

test('GS-52: in a producerConsumer too: both sides learn of it', async t => {
  const source = producer(range(0, 100))
  const middle = producerConsumer<number, number>(events => [...events], {
    dispatcher: { type: 'partition', partitions: 2, hash: n => (n === 7 ? 'oops' : n % 2) },
    onDiscard: () => {},
  })
  const sinks = [consumer<number>(() => {}), consumer<number>(() => {})]
  for (const [partition, sink] of sinks.entries()) await sink.subscribeTo(middle, { partition, maxDemand: 2 })
  await middle.subscribeTo(source, { maxDemand: 4 })
  for (const stage of [middle, ...sinks]) await t.throwsAsync(stage.done, { message: /`hash`/u })
  t.is(source.metrics().subscribers, 0)
  await source.stop()
})

test('GS-52: bad options', t => {
  for (const [options, name] of [
    [{ dispatcher: { type: 'partition', hash: () => 0 } }, 'dispatcher.partitions'],
    [{ dispatcher: { type: 'partition', partitions: 0, hash: () => 0 } }, 'dispatcher.partitions'],
    [{ dispatcher: { type: 'partition', partitions: [], hash: () => 0 } }, 'dispatcher.partitions'],
    [{ dispatcher: { type: 'partition', partitions: 2 } }, 'dispatcher.hash'],
    [{ dispatcher: { type: 'partition', partitions: 2, hash: () => 0, room: 0 } }, 'dispatcher.room'],
    [{ dispatcher: { type: 'unheard' } }, 'dispatcher.type'],
    [{ dispatcher: { type: 'custom' } }, 'dispatcher.ask'],
    [{ dispatcher: 0 }, 'dispatcher'],
    [{ bufferSize: -1 }, 'bufferSize'],
    [{ bufferKeep: 'some' }, 'bufferKeep'],
    [{ demand: 'later' }, 'demand'],
    [{ name: 1 }, 'name'],
    [{ onDiscard: 1 }, 'onDiscard'],
    [{ rate: { limit: 0, interval: 1 } }, 'rate.limit'],
  ] as const) {
    const error = t.throws(() => producer([], options as unknown as ProducerOptions<number>), {
      code: 'ERR_INVALID_OPTION',
    })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
})

test('GS-52: a partition is needed, has to exist, and is for one', async t => {
  const source = producer<number>(silent().source, { dispatcher: ROOM })
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  await sink.subscribeTo(source, { partition: 0 })
  for (const partition of [undefined, 0, 2, -1, 'oops']) {
    const options = partition === undefined ? {} : { partition }
    await t.throwsAsync(sink.subscribeTo(source, options), { code: 'ERR_INVALID_OPTION', message: /^`partition`/u })
  }
  await sink.subscribeTo(source, { partition: 1 })
  t.is(source.metrics().subscribers, 2)
})
