// A rate holds back demand first, and events only when they come unasked. Time passes by hand.
import test, { type ExecutionContext } from 'ava'
import { consumer, producer, producerConsumer } from '../../index.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { counting, range, silent } from './stages.ts'

function setUp(t: ExecutionContext) {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const seen: { event: number; at: number }[] = []
  const sink = consumer<number>(events => {
    for (const event of events) seen.push({ event, at: clock.now - 1000 })
  })
  return { clock, seen, sink }
}

test.serial('BW-22: two in 50 ms: five events take their time, evenly', async t => {
  const { clock, seen, sink } = setUp(t)
  const source = producer(range(0, 5), { rate: { limit: 2, interval: 50 } })
  await sink.subscribeTo(source)
  await clock.advance(200)
  t.deepEqual(
    seen,
    range(0, 5).map(event => ({ event, at: event * 25 })),
  )
  await sink.done
})

test.serial('BW-22: a burst comes at once, the rest at the rate', async t => {
  const { clock, seen, sink } = setUp(t)
  const source = producer(range(0, 6), { rate: { limit: 2, interval: 50, burst: 3 } })
  await sink.subscribeTo(source)
  await clock.advance(200)
  t.deepEqual(
    seen.map(({ at }) => at),
    [0, 0, 0, 25, 50, 75],
  )
  await sink.done
})

test.serial('BW-23: demand is held back: a function is not called while nothing may go', async t => {
  const { clock, seen, sink } = setUp(t)
  const { asks, source: count } = counting()
  const source = producer(count, { rate: { limit: 1, interval: 100, burst: 2 } })
  await sink.subscribeTo(source, { maxDemand: 10 })
  await clock.advance(0)
  t.deepEqual(asks, [2])
  await clock.advance(99)
  t.deepEqual(asks, [2])
  await clock.advance(1)
  t.deepEqual(asks, [2, 1])
  t.is(seen.length, 3)
  await clock.advance(300)
  t.deepEqual(asks, [2, 1, 1, 1, 1])
  await sink.stop()
  await source.stop()
  t.is(clock.timers, 0)
})

test.serial('unsolicited events wait in the buffer, and leave at the rate', async t => {
  const { clock, seen, sink } = setUp(t)
  const source = producer<number>(silent().source, { rate: { limit: 1, interval: 10 } })
  await sink.subscribeTo(source)
  source.emit([1, 2, 3])
  await clock.advance(5)
  t.is(source.metrics().buffered, 2)
  await clock.advance(15)
  t.deepEqual(
    seen.map(({ at }) => at),
    [0, 10, 20],
  )
  await sink.stop()
  await source.stop()
})

test.serial('a producerConsumer too: draining still obeys the rate, and holds no more than its buffer', async t => {
  const { clock, seen, sink } = setUp(t)
  const source = producer(range(0, 8))
  const middle = producerConsumer<number, number>(events => [...events], { rate: { limit: 1, interval: 10 } })
  await sink.subscribeTo(middle, { maxDemand: 2 })
  await middle.subscribeTo(source, { maxDemand: 2 })
  await clock.advance(35)
  t.is(seen.length, 4)
  const stopped = middle.stop()
  await clock.advance(100)
  await stopped
  await sink.done
  t.deepEqual(
    seen.map(({ event, at }) => at - event * 10),
    seen.map(() => 0),
  )
  t.true(seen.length >= 4)
  await source.stop()
})

test.serial('never more than limit + burst - 1 in any interval', async t => {
  const { clock, seen, sink } = setUp(t)
  const source = producer(counting().source, { rate: { limit: 5, interval: 100, burst: 4 } })
  await sink.subscribeTo(source, { maxDemand: 50 })
  for (let i = 0; i < 20; i++) await clock.advance((i * 37) % 90)
  for (const { at: from } of seen) {
    t.true(seen.filter(({ at }) => at >= from && at < from + 100).length <= 5 + 4 - 1)
  }
  t.true(seen.length > 20)
  await sink.stop()
  await source.stop()
})

test.serial('BW-25: the rate can be read, and changed at any time: what waits goes at the new one', async t => {
  const { clock, seen, sink } = setUp(t)
  const rate = { limit: 1, interval: 600_000 }
  const source = producer<number>(silent().source, { rate })
  await sink.subscribeTo(source)
  source.emit(range(0, 7))
  await clock.advance(50)
  t.is(source.rate, rate)
  t.is(seen.length, 1)
  source.rate = { limit: 1, interval: 10, burst: 3 }
  await clock.advance(30)
  source.rate = undefined
  await clock.advance(0)
  // No burst comes with the change.
  t.deepEqual(
    seen.map(({ at }) => at),
    [0, 60, 70, 80, 80, 80, 80],
  )
  t.is(source.rate, undefined)
  t.is(clock.timers, 0)
  await source.stop()
})

test.serial('BW-25: a rate that can’t be kept changes nothing', async t => {
  const rate = { limit: 1000, interval: 1 }
  const source = producerConsumer<number, number>(events => [...events], { rate })
  for (const wrong of [null, {}, { limit: 0, interval: 1 }, { limit: 1, interval: NaN }, { ...rate, burst: 0 }]) {
    t.throws(() => (source.rate = wrong as never), { code: 'ERR_INVALID_OPTION' })
  }
  t.is(source.rate, rate)
  await source.stop()
})
