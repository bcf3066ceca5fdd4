// How much is asked for, when, and in which batches it is handled: the cases of GenStage's own suite, with its numbers.
import test from 'ava'
import { consumer, producer, producerConsumer, type Subscription } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, doubled, ending, range, recorder, silent } from './stages.ts'

test('GS-1: with default max and min demand', async t => {
  const source = producer(counting().source)
  const { stage, batches, full } = recorder<number>(1000)
  ending(t, stage, source)
  await stage.subscribeTo(source)
  await full
  t.deepEqual(batches, [range(0, 500), range(500, 1000)])
})

test('GS-2: with 80% min demand', async t => {
  const { asks, source: count } = counting()
  const source = producer(count)
  const { stage, batches, full } = recorder<number>(1020)
  ending(t, stage, source)
  await stage.subscribeTo(source, { minDemand: 80, maxDemand: 100 })
  await full
  t.deepEqual(batches[0], range(0, 20))
  t.deepEqual(batches[1], range(20, 40))
  t.deepEqual(batches.at(-1), range(1000, 1020))
  t.deepEqual(asks.slice(0, 3), [100, 20, 20])
})

test('GS-2: with 20% min demand', async t => {
  const source = producer(counting().source)
  const { stage, batches, full } = recorder<number>(280)
  ending(t, stage, source)
  await stage.subscribeTo(source, { minDemand: 20, maxDemand: 100 })
  await full
  t.deepEqual(batches, [range(0, 80), range(80, 100), range(100, 180), range(180, 260), range(260, 280)])
})

test('GS-4: with 1 max and 0 min demand', async t => {
  const source = producer(counting().source)
  const { stage, batches, full } = recorder<number>(3)
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 1, minDemand: 0 })
  await full
  t.deepEqual(batches, [[0], [1], [2]])
})

test('GS-5: with shared (broadcast) demand', async t => {
  const source = producer(counting().source, { dispatcher: { type: 'broadcast' } })
  const one = recorder<number>(1010)
  const other = recorder<number>(1010)
  ending(t, one.stage, other.stage, source)
  await one.stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await other.stage.subscribeTo(source, { maxDemand: 20, minDemand: 0 })
  await Promise.race([one.full, other.full])
  await turns(3)
  t.true(one.batches.some(batch => batch[0] === 1000 && batch.length === 10))
  t.true(other.batches.some(batch => batch[0] === 1000 && batch.length === 10))
})

test('GS-6: broadcast with a synchroniser: a subscriber that never asks blocks all, cancelling it frees them', async t => {
  const source = producer(counting().source, { dispatcher: { type: 'broadcast' } })
  const idle = consumer<number>(() => {})
  const one = recorder<number>(20)
  const other = recorder<number>(20)
  ending(t, idle, one.stage, other.stage, source)
  const gate = await idle.subscribeTo(source, { manual: true, cancel: 'temporary' })
  await one.stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await other.stage.subscribeTo(source, { maxDemand: 20, minDemand: 0 })
  t.is(await standing(one.full), 'pending')
  t.deepEqual([one.batches, other.batches], [[], []])
  await gate.cancel('killed')
  await Promise.all([one.full, other.full])
  t.deepEqual(one.batches, [range(0, 10), range(10, 20)])
  t.deepEqual(other.batches, [range(0, 10), range(10, 20)])
})

test('GS-7: broadcast does not result in duplicate upstream demand', async t => {
  const { asks, source: nothing } = silent()
  const source = producer(nothing, { dispatcher: { type: 'broadcast' } })
  const one = consumer<number>(() => {})
  const other = consumer<number>(() => {})
  ending(t, one, other, source)
  await one.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await other.subscribeTo(source, { maxDemand: 20, minDemand: 0 })
  await turns(3)
  t.deepEqual(asks, [10])
})

for (const order of ['early', 'late'] as const) {
  test(`GS-${order === 'early' ? 9 : 10}: through a producerConsumer with 80% min demand, ${order} subscription`, async t => {
    const handled: number[][] = []
    const source = producer(counting().source)
    const middle = producerConsumer<number, number>(events => {
      handled.push([...events])
      return doubled(events)
    })
    const { stage, batches, full } = recorder<number>(290)
    ending(t, stage, middle, source)
    const connect = [
      () => middle.subscribeTo(source, { maxDemand: 100, minDemand: 80 }),
      () => stage.subscribeTo(middle, { maxDemand: 100, minDemand: 50 }),
    ]
    if (order === 'late') connect.reverse()
    for (const step of connect) await step()
    await full
    t.deepEqual(handled[0], range(0, 20))
    t.true(handled.some(batch => batch[0] === 100 && batch.length === 20))
    t.deepEqual(batches.slice(0, 2), [doubled(range(0, 20)), doubled(range(20, 40))])
    t.deepEqual(
      batches.find(batch => batch[0] === 120),
      doubled(range(120, 125)),
    )
    t.deepEqual(
      batches.find(batch => batch[0] === 125),
      doubled(range(125, 140)),
    )
  })

  test(`GS-${order === 'early' ? 9 : 10}: through a producerConsumer with 20% min demand, ${order} subscription`, async t => {
    const handled: number[][] = []
    const source = producer(counting().source)
    const middle = producerConsumer<number, number>(events => {
      handled.push([...events])
      return doubled(events)
    })
    const { stage, batches, full } = recorder<number>(300)
    ending(t, stage, middle, source)
    const connect = [
      () => middle.subscribeTo(source, { maxDemand: 100, minDemand: 20 }),
      () => stage.subscribeTo(middle, { maxDemand: 100, minDemand: 50 }),
    ]
    if (order === 'late') connect.reverse()
    for (const step of connect) await step()
    await full
    t.deepEqual(handled[0], range(0, 80))
    t.true(handled.some(batch => batch[0] === 100 && batch.length === 80))
    t.deepEqual(batches.slice(0, 3), [doubled(range(0, 25)), doubled(range(25, 50)), doubled(range(50, 75))])
  })
}

test('GS-11: a producerConsumer stops asking when its consumer stops asking', async t => {
  const handled: number[][] = []
  const source = producer(counting().source)
  const middle = producerConsumer<number, number>(events => {
    handled.push([...events])
    return [...events]
  })
  const sleeper = recorder<number>(1)
  ending(t, sleeper.stage, middle, source)
  await middle.subscribeTo(source, { maxDemand: 10, minDemand: 8 })
  await sleeper.stage.subscribeTo(middle, { maxDemand: 10, minDemand: 5 })
  await turns(5)
  t.deepEqual(sleeper.batches, [[0, 1]])
  t.deepEqual(handled, [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
    [8, 9],
  ])
})

test('GS-12: keeps emitting events even when discarded', async t => {
  const source = producer(counting().source)
  const handled: number[][] = []
  let enough!: () => void
  const full = new Promise<void>(resolve => (enough = resolve))
  const middle = producerConsumer<number, number>(events => {
    handled.push([...events])
    if (events[0] !== 1000) return []
    enough()
    return new Promise<number[]>(() => {})
  })
  const sink = consumer<number>(() => {})
  ending(t, sink, middle, source)
  await middle.subscribeTo(source, { maxDemand: 100, minDemand: 80 })
  await sink.subscribeTo(middle, { maxDemand: 100, minDemand: 50 })
  await full
  t.deepEqual(handled[0], range(0, 20))
  t.true(handled.some(batch => batch[0] === 100 && batch.length === 20))
  t.deepEqual(handled.at(-1), range(1000, 1020))
})

test('GS-13: through a producerConsumer with shared (broadcast) demand', async t => {
  const source = producer(counting().source)
  const middle = producerConsumer<number, number>(doubled, { dispatcher: { type: 'broadcast' } })
  const one = recorder<number>(420)
  const other = recorder<number>(420)
  ending(t, one.stage, other.stage, middle, source)
  await middle.subscribeTo(source, { maxDemand: 10 })
  await one.stage.subscribeTo(middle, { maxDemand: 10, minDemand: 0 })
  await other.stage.subscribeTo(middle, { maxDemand: 20, minDemand: 0 })
  await Promise.race([one.full, other.full])
  await turns(3)
  const expected = doubled(range(200, 205))
  t.true(one.batches.some(batch => batch.join() === expected.join()))
  t.deepEqual(one.batches.flat().slice(0, 400), other.batches.flat().slice(0, 400))
})

test('GS-13: a producerConsumer handles what it was given before its lost producer ended, when somebody asks', async t => {
  const source = producer(counting().source)
  const handled: number[][] = []
  const middle = producerConsumer<number, number>(events => {
    handled.push([...events])
    return doubled(events)
  })
  const { stage, batches, full } = recorder<number>(200)
  ending(t, stage, middle, source)
  const subscription = await middle.subscribeTo(source, { cancel: 'temporary', minDemand: 50, maxDemand: 100 })
  await turns(2)
  const canceled = subscription.cancel()
  t.is(await standing(canceled), 'pending')
  t.deepEqual(handled, [])
  await stage.subscribeTo(middle, { minDemand: 50, maxDemand: 100 })
  await full
  await canceled
  t.deepEqual(handled, [range(0, 50), range(50, 100)])
  t.deepEqual(batches.slice(0, 2), [doubled(range(0, 25)), doubled(range(25, 50))])
  t.is(batches.flat().length, 200)
})

test('property: what a subscription has outstanding is never more than its maxDemand', async t => {
  const source = producer(counting().source)
  let most = 0
  let left = 50
  const own: { subscription?: Subscription } = {}
  const sink = consumer<number>(async () => {
    most = Math.max(most, own.subscription?.outstanding ?? 0)
    await turns(1)
    left -= 1
    if (left === 0) await new Promise(() => {})
  })
  ending(t, sink, source)
  own.subscription = await sink.subscribeTo(source, { maxDemand: 7, minDemand: 3 })
  await waitFor(() => left === 0, { deadline: 20_000 })
  t.is(most, 7)
})
