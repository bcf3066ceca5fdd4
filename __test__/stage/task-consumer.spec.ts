// One task for each event: how many live, when more are asked for, and what a failure does.
import test from 'ava'
import { producer, taskConsumer } from '../../index.ts'
import { deferred, standing, type Deferred } from '../helpers/deferred.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, ending, range, silent } from './stages.ts'

/** Tasks that live until the test ends them. */
function tasks() {
  const live = new Map<number, Deferred<void>>()
  let next = 0
  const start = (): Promise<void> => {
    const task = deferred()
    const id = (next += 1)
    live.set(id, task)
    return task.promise.finally(() => live.delete(id))
  }
  const end = async (id: number): Promise<void> => {
    live.get(id)?.resolve()
    await turns(2)
  }
  return { live, start, end, started: () => next }
}

test('GS-53: starts are limited by maxDemand', async t => {
  const { live, start, end, started } = tasks()
  const source = producer<number>(silent().source)
  const sink = taskConsumer<number>(start)
  ending(t, sink, source)
  await sink.subscribeTo(source, { maxDemand: 1, minDemand: 0, cancel: 'temporary' })
  source.emit([1, 2, 3])
  await turns(2)
  t.is(live.size, 1)
  await end(1)
  t.deepEqual([...live.keys()], [2])
  await end(2)
  t.deepEqual([...live.keys()], [3])
  t.is(started(), 3)
})

test.serial('GS-53: a task that waits for another try counts', async t => {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const attempts: number[] = []
  const source = producer([1, 2])
  const sink = taskConsumer<number>(
    async event => {
      attempts.push(event)
      if (attempts.filter(one => one === event).length < 3) throw new Error('again')
    },
    { retry: { attempts: 3, initial: 10, jitter: false } },
  )
  await sink.subscribeTo(source, { maxDemand: 1, minDemand: 0 })
  await turns(2)
  t.deepEqual(attempts, [1])
  await clock.advance(10)
  t.deepEqual(attempts, [1, 1])
  await clock.advance(20)
  t.deepEqual(attempts, [1, 1, 1, 2])
  await clock.advance(30)
  await sink.done
  t.deepEqual(attempts, [1, 1, 1, 2, 2, 2])
})

test('GS-53: tasks remain when the producer has ended, and the stage waits for them', async t => {
  const { live, start, end } = tasks()
  const source = producer([1, 2])
  const sink = taskConsumer<number>(start)
  await sink.subscribeTo(source, { maxDemand: 5, minDemand: 0 })
  await source.done
  t.is(live.size, 2)
  t.is(await standing(sink.done), 'pending')
  await end(1)
  t.is(await standing(sink.done), 'pending')
  await end(2)
  await sink.done
  t.is(sink.metrics().handled, 2)
})

for (const [minDemand, asks] of [
  [2, [3, 1, 1]],
  [0, [3, 3]],
] as const) {
  test(`GS-53: asks for more when no more than minDemand live: 3/${minDemand}`, async t => {
    const { live, start, end } = tasks()
    const { asks: asked, source: count } = counting()
    const source = producer(count)
    const sink = taskConsumer<number>(start)
    ending(t, sink, source)
    await sink.subscribeTo(source, { maxDemand: 3, minDemand })
    await turns(2)
    t.is(live.size, 3)
    await end(1)
    await end(2)
    if (minDemand === 0) {
      t.deepEqual([asked, live.size], [[3], 1])
      await end(3)
    }
    t.deepEqual(asked, asks)
    t.is(live.size, 3)
  })
}

test('a task that fails for good fails the stage: the others are awaited, their signal aborts', async t => {
  const source = producer(range(0, 10))
  const second = deferred()
  let signal: AbortSignal | undefined
  const sink = taskConsumer<number>(async (event, context) => {
    signal = context.signal
    if (event === 0) throw new Error('task')
    await second.promise
  })
  ending(t, source)
  await sink.subscribeTo(source, { maxDemand: 2 })
  await waitFor(() => signal?.aborted)
  t.is(await standing(sink.done), 'pending')
  t.is(source.metrics().subscribers, 0)
  second.resolve()
  await t.throwsAsync(sink.done, { message: 'task' })
})

test('a start that throws at once is a failure like any other', async t => {
  const source = producer([1])
  const sink = taskConsumer<number>(() => {
    throw new Error('at once')
  })
  await sink.subscribeTo(source)
  await t.throwsAsync(sink.done, { message: 'at once' })
})

test('stop() of a taskConsumer waits for its tasks; by force it does not', async t => {
  const { live, start, end } = tasks()
  const source = producer(counting().source)
  const sink = taskConsumer<number>(start)
  ending(t, source)
  await sink.subscribeTo(source, { maxDemand: 2 })
  await turns(2)
  const stopped = sink.stop()
  t.is(await standing(stopped), 'pending')
  t.is(live.size, 2)
  await end(1)
  await end(2)
  await stopped
  const other = taskConsumer<number>(start)
  await other.subscribeTo(source, { maxDemand: 2 })
  await turns(2)
  await t.throwsAsync(other.stop(undefined, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await other.done
})

test('bad options are errors that name them', t => {
  t.throws(() => taskConsumer('x' as never), { code: 'ERR_INVALID_OPTION', message: /^`start`/u })
  t.throws(() => taskConsumer(async () => {}, { retry: { attempts: 0 } }), {
    code: 'ERR_INVALID_OPTION',
    message: /^`retry.attempts`/u,
  })
  t.throws(() => taskConsumer(async () => {}, { name: 5 as never }), { code: 'ERR_INVALID_OPTION' })
})
