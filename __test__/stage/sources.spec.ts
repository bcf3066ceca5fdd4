// What a producer can be fed from, and how each of them is asked and left.
import test from 'ava'
import { PassThrough, Readable } from 'node:stream'
import { Channel, consumer, producer, spawn, stream, type Producer, type SubscribeOptions } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { ending, range, recorder } from './stages.ts'

async function all<T>(source: Producer<T>, options: SubscribeOptions<T> = {}): Promise<T[]> {
  const events: T[] = []
  for await (const event of source.events(options)) events.push(event)
  return events
}

test('S4.13: an iterable is given to its end, and no further than asked', async t => {
  t.deepEqual(await all(producer(range(0, 2500))), range(0, 2500))
  t.deepEqual(await all(producer(new Set(['a', 'b']))), ['a', 'b'])
  t.deepEqual(await all(producer([])), [])
  let taken = 0
  let returned = 0
  const source = producer(
    (function* () {
      try {
        for (;;) yield (taken += 1)
      } finally {
        returned += 1
      }
    })(),
  )
  const { stage, full } = recorder<number>(10)
  ending(t, stage)
  await stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await full
  t.is(taken, 10)
  await source.stop()
  t.is(returned, 1)
})

test('an iterable that throws fails the producer, after what it gave before', async t => {
  const source = producer(
    (function* () {
      yield 1
      throw new Error('broken')
    })(),
  )
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(source, { maxDemand: 1, minDemand: 0 })
  await t.throwsAsync(source.done, { message: 'broken' })
  await t.throwsAsync(sink.done, { message: 'broken' })
  t.deepEqual(seen, [1])
})

test('an async iterable that has events ready gives them together, a slow one as they come', async t => {
  const ready = recorder<number>(20)
  const source = producer(
    (async function* () {
      for (const n of range(0, 20)) yield n
    })(),
  )
  ending(t, ready.stage)
  await ready.stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await ready.full
  t.deepEqual(ready.batches, [range(0, 10), range(10, 20)])

  const hand = new HandSource<number>()
  const slow = recorder<number>(2)
  ending(t, slow.stage)
  const trickle = producer<number>(hand)
  await slow.stage.subscribeTo(trickle, { maxDemand: 10 })
  await turns(1)
  hand.put(1)
  await waitFor(() => slow.batches.length === 1)
  hand.put(2)
  await slow.full
  t.deepEqual(slow.batches, [[1], [2]])
  await trickle.stop()
  t.is(hand.returned, 1)
})

test('no more is read of an async iterable than was asked for', async t => {
  const hand = new HandSource<number>()
  const source = producer<number>(hand)
  hand.put(...range(0, 100))
  const { stage, full } = recorder<number>(6)
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 6, minDemand: 0 })
  await full
  t.is(hand.asked, 6)
  t.is(hand.waiting, 94)
})

test('the error of an async iterable comes after the events before it', async t => {
  const source = producer(
    (async function* () {
      yield 1
      yield 2
      throw new Error('torn')
    })(),
  )
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(source)
  await t.throwsAsync(sink.done, { message: 'torn' })
  t.deepEqual(seen, [1, 2])
})

test('a channel: what is not asked for stays in it, and it stays open', async t => {
  const channel = new Channel<number>(100)
  for (const n of range(0, 50)) channel.trySend(n)
  const source = producer<number>(channel)
  const { stage, batches, full } = recorder<number>(10)
  ending(t, stage)
  await stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await full
  t.deepEqual(batches, [range(0, 10)])
  t.is(channel.length, 40)
  await source.stop()
  t.false(channel.isClosed)
  t.deepEqual(await channel.receive(), { done: false, value: 10 })
})

test('a channel that closes ends its producer, and one that waits can be stopped', async t => {
  const channel = new Channel<number>(100)
  const source = producer<number>(channel)
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  channel.trySend(1)
  channel.close()
  await sink.done
  await source.done
  const idle = producer<number>(new Channel<number>(1))
  const other = consumer<number>(() => {})
  await other.subscribeTo(idle)
  await turns(1)
  await idle.stop()
  await other.done
  t.is(sink.metrics().handled, 1)
})

test('a Readable: read on demand, destroyed when its producer is stopped, also while a read waits', async t => {
  t.deepEqual(await all(producer<number>(Readable.from(range(0, 100)))), range(0, 100))
  const waiting = new PassThrough()
  const source = producer<Buffer>(waiting)
  const sink = consumer<Buffer>(() => {})
  await sink.subscribeTo(source)
  waiting.write('x')
  await waitFor(() => sink.metrics().handled === 1)
  await source.stop()
  t.true(waiting.destroyed)
  await sink.done
})

test('a reader: no byte is lost when its producer is stopped while a read waits; a stream of a child ends it', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  t.teardown(() => child.terminate())
  const source = producer<Uint8Array>(child.stdout)
  const sink = consumer<Uint8Array>(() => {})
  await sink.subscribeTo(source, { maxDemand: 3, minDemand: 0 })
  await child.stdin.write('first')
  await waitFor(() => sink.metrics().handled === 1)
  await source.stop()
  await child.stdin.write('second')
  await child.stdin.end()
  t.is(await child.stdout.text(), 'second')

  const yes = producer<Uint8Array>(stream('yes'))
  const { stage, full } = recorder<Uint8Array>(3)
  ending(t, stage)
  await stage.subscribeTo(yes, { maxDemand: 3, minDemand: 0 })
  await full
  // Fulfils when the child is gone.
  await yes.stop()
  await yes.done
})

test('what was read ahead of the rate is not forgotten by a stop', async t => {
  const hand = new HandSource<number>()
  const reports: number[] = []
  const source = producer<number>(hand, {
    rate: { limit: 1, interval: 600_000, burst: 2 },
    onDiscard: count => reports.push(count),
  })
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(source, { maxDemand: 10 })
  source.emit([0])
  await turns(1)
  hand.put(1)
  await waitFor(() => seen.length === 2)
  hand.put(2)
  await turns(2)
  const stopped = source.stop(undefined, { timeout: 20 })
  await t.throwsAsync(stopped, { code: 'ERR_TIMEOUT' })
  t.deepEqual([seen, reports], [[0, 1], [1]])
})

test('a function gets all unmet demand, and is not called twice at once', async t => {
  const asks: number[] = []
  let gate = deferred<number[]>()
  const source = producer<number>(demand => {
    asks.push(demand)
    return gate.promise
  })
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  const one = await sink.subscribeTo(source, { manual: true })
  const other = await sink.subscribeTo(source, { manual: true })
  one.ask(5)
  other.ask(3)
  one.ask(2)
  t.deepEqual(asks, [5])
  const before = gate
  gate = deferred()
  before.resolve([1, 2, 3, 4, 5])
  await turns(2)
  t.deepEqual(asks, [5, 5])
  gate.resolve([])
  await turns(2)
  t.deepEqual(asks, [5, 5])
})

test('S4.12: a function that gave too few is called again on new demand or after emit()', async t => {
  const asks: number[] = []
  const source = producer<number>(demand => {
    asks.push(demand)
    return [0]
  })
  const { stage, batches } = recorder<number>(1000)
  ending(t, stage, source)
  const subscription = await stage.subscribeTo(source, { manual: true })
  subscription.ask(10)
  await turns(3)
  t.deepEqual(asks, [10])
  subscription.ask(1)
  await turns(3)
  t.deepEqual(asks, [10, 10])
  source.emit([])
  await turns(3)
  t.deepEqual(asks, [10, 10, 9])
  source.emit([7, 7])
  await turns(3)
  t.deepEqual(asks, [10, 10, 9, 6])
  t.is(batches.flat().length, 6)
})

test('null is the end, also with a promise, and after events of its own', async t => {
  const rest = [[1], [2]]
  t.deepEqual(
    await all(
      producer<number>(() => rest.shift() ?? null),
      { maxDemand: 1 },
    ),
    [1, 2],
  )
  t.deepEqual(await all(producer<number>(async () => null)), [])
})

test('what is no source, and what is no array, are errors', async t => {
  for (const wrong of [undefined, null, 1, {}, 'abc'] as unknown[]) {
    t.throws(() => producer(wrong as number[]), { code: 'ERR_INVALID_OPTION', message: /^`source`/u })
  }
  const source = producer<number>((() => 5) as never)
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await t.throwsAsync(sink.done, { code: 'ERR_INVALID_OPTION', message: /^`source`/u })
  const other = producer<number>([])
  t.throws(() => other.emit('x' as never), { code: 'ERR_INVALID_OPTION', message: /^`events`/u })
  await other.stop()
  t.throws(() => other.emit([1]), { code: 'ERR_STAGE_STOPPED' })
})

test('a producer that is asked for everything starves neither timers nor sockets', async t => {
  const source = producer(
    (function* () {
      for (;;) yield 1
    })(),
  )
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await turns(3)
  t.is(await standing(sink.done), 'pending')
  await source.stop()
  await sink.done
  t.true(sink.metrics().handled > 1000)
})
