// How stages end: what is in flight is handled, those above first, within a time.
import test from 'ava'
import { consumer, producer, producerConsumer, stopStages, taskConsumer } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, doubled, range, recorder, silent } from './stages.ts'

/** Three stages, of which two take their time. */
function slowChain() {
  const seen: number[] = []
  const { asks, source: count } = counting()
  const middle = producerConsumer<number, number>(async events => {
    await turns(1)
    return [...events]
  })
  const sink = consumer<number>(async events => {
    await turns(1)
    seen.push(...events)
  })
  return { asks, source: producer(count), middle, sink, seen }
}

test('S3.18: a chain ends by itself, stage by stage, when its producer has given all', async t => {
  const seen: number[] = []
  const source = producer(range(0, 3000))
  const middle = producerConsumer<number, number>(async events => doubled(events))
  const sink = consumer<number>(async events => {
    await turns(1)
    seen.push(...events)
  })
  await sink.subscribeTo(middle, { maxDemand: 100 })
  await middle.subscribeTo(source, { maxDemand: 100 })
  await sink.done
  await Promise.all([source.done, middle.done])
  t.deepEqual(seen, doubled(range(0, 3000)))
  t.is(sink.metrics().handled, 6000)
  t.is(middle.metrics().handled, 6000)
})

test('stop() of a producer: everything it has given or holds is handled, then those below end', async t => {
  const { asks, source, middle, sink, seen } = slowChain()
  await sink.subscribeTo(middle, { maxDemand: 10 })
  await middle.subscribeTo(source, { maxDemand: 20 })
  await waitFor(() => seen.length > 50)
  await source.stop()
  const given = asks.reduce((sum, ask) => sum + ask, 0)
  await sink.done
  t.deepEqual(seen, range(0, given))
})

test('stop() of a consumer handles what it has been given, and asks for no more', async t => {
  const gate = deferred()
  const seen: number[] = []
  const source = producer(counting().source)
  const sink = consumer<number>(async events => {
    await gate.promise
    seen.push(...events)
  })
  await sink.subscribeTo(source, { maxDemand: 10, minDemand: 5 })
  await turns(2)
  const stopped = sink.stop()
  t.is(await standing(stopped), 'pending')
  t.is(source.metrics().subscribers, 0)
  gate.resolve()
  await stopped
  t.deepEqual(seen, range(0, 10))
  await sink.stop()
  await source.stop()
})

test('a time limit ends it by force: the rest is counted, the signal aborts, the call rejects', async t => {
  let signal: AbortSignal | undefined
  const source = producer(counting().source)
  const sink = consumer<number>((_events, context) => {
    signal = context.signal
    return new Promise(() => {})
  })
  await sink.subscribeTo(source, { maxDemand: 10, minDemand: 5 })
  await waitFor(() => signal !== undefined)
  await t.throwsAsync(sink.stop(undefined, { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  t.true(signal?.aborted)
  t.is(sink.metrics().discarded, 10)
  await sink.done
  const reports: number[] = []
  const middle = producerConsumer<number, number>(events => [...events], { onDiscard: count => reports.push(count) })
  const idle = consumer<number>(() => {})
  await idle.subscribeTo(middle, { manual: true })
  middle.emit([1, 2, 3])
  await t.throwsAsync(middle.stop(undefined, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  t.deepEqual(reports, [3])
  await middle.done
  await t.throwsAsync(idle.done, { code: 'ERR_TIMEOUT' })
  await source.stop()
})

test('the signal of a stop may end the wait for it as well', async t => {
  const source = producer<number>(silent().source)
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source, { manual: true })
  source.emit([1])
  const controller = new AbortController()
  const stopped = source.stop(undefined, { signal: controller.signal })
  t.is(await standing(stopped), 'pending')
  controller.abort()
  await t.throwsAsync(stopped, { code: 'ABORT_ERR' })
  await t.throwsAsync(sink.done)
})

test('stopStages: from the top, everything in flight is handled, also by those that go on without their producers', async t => {
  const { asks, source, middle, sink, seen } = slowChain()
  await sink.subscribeTo(middle, { maxDemand: 10, cancel: 'temporary' })
  await middle.subscribeTo(source, { maxDemand: 20, cancel: 'temporary' })
  await waitFor(() => seen.length > 20)
  await stopStages([source, middle, sink], { timeout: 60_000 })
  await Promise.all([source.done, middle.done, sink.done])
  t.deepEqual(
    seen,
    range(
      0,
      asks.reduce((sum, ask) => sum + ask, 0),
    ),
  )
})

test('stopStages: when the time is over the rest is stopped by force', async t => {
  const source = producer(counting().source)
  const middle = producerConsumer<number, number>(events => [...events], { onDiscard: () => {} })
  const sink = consumer<number>(() => new Promise(() => {}))
  await sink.subscribeTo(middle, { maxDemand: 4 })
  await middle.subscribeTo(source, { maxDemand: 4 })
  await turns(2)
  await t.throwsAsync(stopStages([source, middle, sink], { timeout: 5 }), {
    code: 'ERR_TIMEOUT',
    message: 'The stop did not finish within 5 ms',
  })
  await Promise.allSettled([source.done, middle.done, sink.done])
  t.is(sink.metrics().discarded, 4)
  await t.throwsAsync(stopStages('x' as never), { code: 'ERR_INVALID_OPTION' })
  const controller = new AbortController()
  controller.abort()
  await t.throwsAsync(stopStages([], { signal: controller.signal }), { code: 'ABORT_ERR' })
})

test('a producer without subscribers stops at once, and reports what it held', async t => {
  const reports: number[] = []
  const source = producer<number>(silent().source, { onDiscard: count => reports.push(count) })
  source.emit([1, 2])
  await source.stop()
  t.deepEqual(reports, [2])
})

test('a function that waits learns of the stop by its signal, and what it gives then still arrives', async t => {
  const source = producer<number>(
    (_demand, { signal }) => new Promise(resolve => signal.addEventListener('abort', () => resolve([42]))),
  )
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(source)
  await turns(1)
  await source.stop()
  await sink.done
  t.deepEqual(seen, [42])
  const rejecting = producer<number>(
    (_demand, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new DOMException('x', 'AbortError'))),
      ),
  )
  const other = consumer<number>(() => {})
  await other.subscribeTo(rejecting)
  await turns(1)
  await rejecting.stop()
  await rejecting.done
  await other.done
})

test('a handler that throws fails its stage: above it is let go of, below it what came before still arrives', async t => {
  const source = producer(counting().source)
  const error = new Error('bad event')
  const middle = producerConsumer<number, number>(events => {
    if (events.includes(6)) throw error
    return [...events]
  })
  const seen: number[] = []
  const sink = consumer<number>(async events => {
    await turns(1)
    seen.push(...events)
  })
  await sink.subscribeTo(middle, { maxDemand: 4, minDemand: 2 })
  await middle.subscribeTo(source, { maxDemand: 4, minDemand: 2 })
  t.is(await t.throwsAsync(middle.done), error)
  t.is(await t.throwsAsync(sink.done), error)
  t.deepEqual(seen, range(0, 6))
  t.is(source.metrics().subscribers, 0)
  t.is(await standing(source.done), 'pending')
  await source.stop()
})

test('a rejected handler, too; what was not handled is counted', async t => {
  const source = producer(range(0, 100))
  const sink = consumer<number>(async events => {
    if (events[0] === 5) throw new Error('five')
  })
  await sink.subscribeTo(source, { maxDemand: 10, minDemand: 5 })
  await t.throwsAsync(sink.done, { message: 'five' })
  t.is(sink.metrics().handled, 5)
  // Those of the batch, and those that were asked for meanwhile.
  t.is(sink.metrics().discarded, 10)
  await sink.stop()
  await source.stop()
})

test('done may be ignored, stop() may be repeated, and disposal is stop', async t => {
  const failing = consumer<number>(() => {
    throw new Error('nobody listens')
  })
  const source = producer([1])
  await failing.subscribeTo(source)
  await failing.stop()
  await failing[Symbol.asyncDispose]()
  await source.stop()
  const chain = [
    producer([1]),
    producerConsumer<number, number>(x => [...x]),
    consumer<number>(() => {}),
    taskConsumer<number>(async () => {}),
  ]
  await Promise.all(chain.map(stage => stage[Symbol.asyncDispose]()))
  await Promise.all(chain.map(({ done }) => done))
  t.pass()
})

test('a stage in the middle can be replaced while events flow, and nothing is lost', async t => {
  const source = producer(range(0, 500))
  const seen: number[] = []
  const make = () =>
    producerConsumer<number, number>(async events => {
      await turns(1)
      return [...events]
    })
  const sink = consumer<number>(events => void seen.push(...events))
  const first = make()
  await sink.subscribeTo(first, { cancel: 'temporary', maxDemand: 10 })
  await first.subscribeTo(source, { maxDemand: 10 })
  await waitFor(() => seen.length > 50)
  await first.stop()
  const second = make()
  await sink.subscribeTo(second, { maxDemand: 10 })
  await second.subscribeTo(source, { maxDemand: 10 })
  await sink.done
  t.deepEqual(seen, range(0, 500))
})

test.serial('an idle graph schedules nothing: no timers, no wake-ups', async t => {
  const source = producer<number>(silent().source)
  const sink = recorder<number>(1)
  await sink.stage.subscribeTo(source)
  await turns(3)
  t.false(process.getActiveResourcesInfo().some(name => name === 'Immediate'))
  await source.stop()
})
