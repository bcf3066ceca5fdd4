// The dispatcher 'broadcast', step by step: orders are accounted for when events come, not when they are delivered.
import test from 'ava'
import { consumer, producer, type Subscription } from '../../index.ts'
import { BroadcastDispatcher } from '../../src/stage/dispatchers/index.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, ending, range, recorder, silent } from './stages.ts'

const letters = (text: string): string[] => text.split('')

function dispatcher(...ids: number[]): BroadcastDispatcher<string> {
  const made = new BroadcastDispatcher<string>()
  for (const id of ids) made.subscribe(id, {})
  return made
}

test('GS-45: early demand: what is ordered already is not ordered again for who comes later', t => {
  const broadcast = dispatcher(1)
  t.is(broadcast.ask(1, 10), 10)
  broadcast.subscribe(2, {})
  t.is(broadcast.cancel(1), 0)
  t.is(broadcast.ask(2, 10), 0)
})

test('GS-46: a blocking subscriber that leaves while something is ordered', t => {
  const broadcast = dispatcher(1)
  t.is(broadcast.ask(1, 10), 10)
  broadcast.subscribe(2, {})
  t.is(broadcast.ask(1, 5), 0)
  t.is(broadcast.cancel(2), 5)
})

test('GS-47: late demand', t => {
  const broadcast = dispatcher(1, 2)
  t.is(broadcast.ask(1, 10), 0)
  t.is(broadcast.cancel(2), 10)
  t.is(broadcast.ask(1, 10), 10)
})

test('GS-47: dispatch with left-over, a late third subscriber, even out', t => {
  const broadcast = dispatcher(1, 2)
  const all = (text: string, ...ids: number[]) => ids.map(id => [id, letters(text)])
  t.deepEqual([broadcast.ask(1, 3), broadcast.ask(2, 2)], [0, 2])
  t.deepEqual(broadcast.dispatch(letters('ab')).deliveries, all('ab', 1, 2))
  t.is(broadcast.ask(2, 2), 1)
  const { deliveries, leftover } = broadcast.dispatch(letters('cd'))
  t.deepEqual([deliveries, leftover], [all('c', 1, 2), ['d']])
  t.deepEqual(broadcast.dispatch(['d']).leftover, ['d'])
  t.is(broadcast.ask(1, 1), 1)
  // What a stage does with that order: it gives from its buffer. So nothing is on order any more, and nothing can get lost.
  t.deepEqual(broadcast.dispatch(['d']).deliveries, all('d', 1, 2))
  broadcast.subscribe(3, {})
  t.deepEqual(broadcast.dispatch(['e']).leftover, ['e'])
  t.deepEqual([broadcast.ask(1, 2), broadcast.ask(2, 2), broadcast.ask(3, 2)], [0, 0, 2])
  t.deepEqual(broadcast.dispatch(letters('ef')).deliveries, all('ef', 1, 2, 3))
})

test('GS-47: dispatches and repeats, with a second subscriber in between', t => {
  const broadcast = dispatcher(1)
  t.is(broadcast.ask(1, 10), 10)
  t.deepEqual(broadcast.dispatch(letters('abc')).deliveries, [[1, letters('abc')]])
  broadcast.subscribe(2, {})
  t.is(broadcast.ask(2, 20), 0)
  t.deepEqual(broadcast.dispatch(letters('defghij')).deliveries, [
    [1, letters('defghij')],
    [2, letters('defghij')],
  ])
})

test('GS-48: events that a selector turns down cost no demand', async t => {
  const { asks, source: count } = counting()
  const source = producer<number>(count, { dispatcher: { type: 'broadcast' }, demand: 'accumulate' })
  const even = recorder<number>(10)
  const all = recorder<number>(100)
  ending(t, even.stage, all.stage, source)
  await even.stage.subscribeTo(source, { maxDemand: 10, minDemand: 0, selector: n => n % 10 === 0 })
  await all.stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  source.demand('forward')
  await even.full
  t.deepEqual(
    even.batches.flat(),
    range(0, 10).map(n => n * 10),
  )
  t.deepEqual(all.batches.flat().slice(0, 90), range(0, 90))
  t.true(asks.every(ask => ask <= 10))
})

test('GS-48: a selector that wants nothing holds up nobody', async t => {
  const source = producer<number>(counting().source, { dispatcher: { type: 'broadcast' }, demand: 'accumulate' })
  const deaf = consumer<number>(() => {})
  const all = recorder<number>(5000)
  ending(t, deaf, all.stage, source)
  await deaf.subscribeTo(source, { maxDemand: 1, manual: true, selector: () => false }).then(one => one.ask(1))
  await all.stage.subscribeTo(source)
  source.demand('forward')
  await all.full
  t.deepEqual(all.batches.flat().slice(0, 5000), range(0, 5000))
})

test('GS-48: alone, it is asked no further than its producer can be stopped', async t => {
  const source = producer<number>(counting().source, { dispatcher: { type: 'broadcast' } })
  const deaf = consumer<number>(() => {})
  await deaf.subscribeTo(source, { maxDemand: 100, selector: () => false })
  await turns(5)
  await source.stop()
  await t.notThrowsAsync(deaf.done)
})

test('GS-X: the last subscriber leaves, the events it had ordered come, a new one gets them all', async t => {
  const { asks, source: nothing } = silent()
  const source = producer<number>(nothing, { dispatcher: { type: 'broadcast' } })
  const first = consumer<number>(() => {})
  const { stage, batches } = recorder<number>(1000)
  ending(t, first, stage, source)
  const early = await first.subscribeTo(source, { manual: true })
  early.ask(10)
  t.deepEqual(asks, [10])
  await early.cancel()
  source.emit(range(0, 10))
  t.is(source.metrics().buffered, 10)
  const late = await stage.subscribeTo(source, { manual: true })
  late.ask(5)
  await waitFor(() => batches.length === 1)
  t.deepEqual(batches, [range(0, 5)])
  late.ask(10)
  await waitFor(() => batches.length === 2)
  t.deepEqual(batches.flat(), range(0, 10))
  t.is(asks.at(-1), 5)
})

test('GS-X: also when a subscriber that had not asked blocked them', async t => {
  const source = producer<number>(silent().source, { dispatcher: { type: 'broadcast' } })
  const stages = [recorder<number>(1000), recorder<number>(1000)]
  ending(t, ...stages.map(({ stage }) => stage), source)
  const subscriptions: Subscription[] = []
  for (const { stage } of stages) subscriptions.push(await stage.subscribeTo(source, { manual: true }))
  subscriptions[0]?.ask(10)
  source.emit(range(0, 10))
  subscriptions[1]?.ask(10)
  await waitFor(() => stages.every(({ batches }) => batches.flat().length === 10))
  t.is(source.metrics().buffered, 0)
})
