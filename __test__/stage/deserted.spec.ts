// Stops that nobody below waits for, stops from within what a stage is fed by, and what fails while a timer runs: none hangs, none ends the process.
import test from 'ava'
import { consumer, messages, producer, producerConsumer } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { ending, range } from './stages.ts'

function* endless(onReturn: () => void): Generator<number, void> {
  try {
    for (let n = 0; ; n++) yield n
  } finally {
    onReturn()
  }
}

test('stop() closes the generator of a handler when nobody is there to ask for the rest', async t => {
  let closed = 0
  const source = producer([1])
  const middle = producerConsumer<number, number>(() => endless(() => (closed += 1)))
  const first = consumer<number>(() => {})
  const subscription = await first.subscribeTo(middle, { maxDemand: 4, cancel: 'temporary' })
  await middle.subscribeTo(source)
  await waitFor(() => first.metrics().handled > 0)
  await subscription.cancel()
  await middle.stop()
  t.is(closed, 1)
  await middle.done
})

test('what waits for a stage that stops with nobody below is still handled, and counted as discarded', async t => {
  const handled: number[][] = []
  const source = producer(range(0, 10))
  const middle = producerConsumer<number, number>(events => {
    handled.push([...events])
    return [...events]
  })
  await middle.subscribeTo(source, { maxDemand: 10, minDemand: 5 })
  await turns(5)
  t.deepEqual(handled, [])
  await middle.stop()
  t.deepEqual(handled.flat(), range(0, 10))
  t.is(middle.metrics().discarded, 10)
})

for (const gives of ['an array', 'a generator'] as const) {
  test(`stop() ends when the last subscriber leaves after it began: ${gives}`, async t => {
    const source = producer(range(0, 100))
    const middle = producerConsumer<number, number>(events => (gives === 'an array' ? [...events] : endless(() => {})))
    const sink = consumer<number>(() => {})
    ending(t, sink)
    const subscription = await sink.subscribeTo(middle, { manual: true, cancel: 'temporary' })
    await middle.subscribeTo(source, { maxDemand: 10 })
    subscription.ask(1)
    await waitFor(() => sink.metrics().handled === 1)
    const stopped = middle.stop()
    t.is(await standing(stopped), 'pending')
    await subscription.cancel()
    t.is(await standing(stopped), 'fulfilled')
    await middle.done
  })
}

test('stop() ends a stage that accumulates: those below get what it had, and the end', async t => {
  const source = producer(range(0, 5))
  const middle = producerConsumer<number, number>(events => [...events], { demand: 'accumulate' })
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(middle, { maxDemand: 10 })
  await middle.subscribeTo(source)
  await turns(5)
  t.deepEqual(seen, [])
  await middle.stop()
  await sink.done
  t.deepEqual(seen, range(0, 5))
})

test('stop() by force waits for no generator that takes its time to close', async t => {
  const closing = deferred()
  const middle = producerConsumer<number, number>(async function* () {
    try {
      yield 1
      yield 2
    } finally {
      await closing.promise
    }
  })
  const sink = consumer<number>(() => {})
  ending(t, sink)
  const subscription = await sink.subscribeTo(middle, { manual: true, cancel: 'temporary' })
  await middle.subscribeTo(producer([1]))
  subscription.ask(1)
  await waitFor(() => sink.metrics().handled === 1)
  await t.throwsAsync(middle.stop(undefined, { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  t.is(await standing(middle.done), 'fulfilled')
  closing.resolve()
})

test('a producer is over when what it is fed from is closed', async t => {
  const closing = deferred()
  const source = producer<number>(
    (async function* () {
      try {
        yield 1
        yield 2
      } finally {
        await closing.promise
      }
    })(),
  )
  const sink = consumer<number>(() => {})
  const subscription = await sink.subscribeTo(source, { manual: true })
  subscription.ask(1)
  await waitFor(() => sink.metrics().handled === 1)
  const stopped = source.stop()
  t.is(await standing(stopped), 'pending')
  closing.resolve()
  await stopped
  await sink.done
})

test('a generator may stop the stage it feeds: what it gave arrives, and nothing fails', async t => {
  const own: { stop?: () => Promise<void> } = {}
  let isClosed = false
  const source = producer<number>(
    (function* () {
      try {
        for (let n = 0; ; n++) {
          if (n === 3) void own.stop?.()
          yield n
        }
      } finally {
        isClosed = true
      }
    })(),
  )
  own.stop = () => source.stop()
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(source, { maxDemand: 10 })
  await sink.done
  await source.done
  t.deepEqual(seen, range(0, 4))
  t.true(isClosed)
})

test('a hash that throws when the rate lets events go fails the stage, and not the process', async t => {
  const source = producer<number>(() => [], {
    rate: { limit: 1, interval: 5 },
    dispatcher: {
      type: 'partition',
      partitions: 1,
      hash: n => {
        if (n === 2) throw new Error('no hash')
        return 0
      },
    },
  })
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source, { partition: 0 })
  source.emit([1, 2])
  await t.throwsAsync(sink.done, { message: 'no hash' })
  await t.throwsAsync(source.done, { message: 'no hash' })
})

test('an acknowledgement that never comes holds up no stop with a time limit', async t => {
  const acknowledged = deferred()
  const source = producer<number>(() => [])
  const flow = messages<number>(source, {
    handle: async () => await new Promise<void>(() => {}),
    ack: async () => await acknowledged.promise,
  })
  source.emit([1, 2])
  await waitFor(() => flow.pending === 2)
  await t.throwsAsync(flow.stop({ timeout: 1 }), { code: 'ERR_TIMEOUT' })
  // What `done` says is that all is acknowledged.
  t.is(await standing(flow.done), 'pending')
  acknowledged.resolve()
  await flow.done
  await source.stop()
})

test('what a generator gives only after the stop is counted as discarded', async t => {
  const gate = deferred()
  const reports: number[] = []
  const source = producer<number>(
    (async function* () {
      await gate.promise
      yield 1
    })(),
    { onDiscard: count => reports.push(count) },
  )
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await turns(5)
  await source.stop()
  await sink.done
  gate.resolve()
  await waitFor(() => reports.length === 1)
  t.deepEqual([reports, source.metrics().discarded], [[1], 1])
})
