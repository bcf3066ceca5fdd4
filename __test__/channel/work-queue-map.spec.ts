// A queue over a source: as many values are asked for as the queue takes, and each comes out as its result.
import test from 'ava'
import { Channel, WorkQueue } from '../../index.ts'
import { deferred, standing, type Deferred } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

/** A source that counts what it was asked for, and whether it was ended. */
function source(count: number): { values: Iterable<number>; asked: () => number; ended: () => boolean } {
  let asked = 0
  let isEnded = false
  const iterator: Iterator<number> = {
    next: () => (asked < count ? { done: false, value: asked++ } : { done: true, value: undefined }),
    return: () => {
      isEnded = true
      return { done: true, value: undefined }
    },
  }
  return { values: { [Symbol.iterator]: () => iterator }, asked: () => asked, ended: () => isEnded }
}

/** Jobs that end when the test says so. */
function byHand(options: { concurrency: number; capacity?: number }): {
  queue: WorkQueue<number, number>
  jobs: Map<number, Deferred<number> & { signal: AbortSignal }>
} {
  const jobs = new Map<number, Deferred<number> & { signal: AbortSignal }>()
  const queue = new WorkQueue<number, number>((job, { signal }) => {
    const handle = { ...deferred<number>(), signal }
    jobs.set(job, handle)
    return handle.promise
  }, options)
  return { queue, jobs }
}

test('WQ-12: results come in the order of the source, or with ordered false as they come', async t => {
  for (const ordered of [true, false]) {
    const { queue, jobs } = byHand({ concurrency: 3 })
    const results = queue.map([0, 1, 2], { ordered })
    const all = [results.next(), results.next(), results.next(), results.next()]
    await turns(2)
    const got: (number | undefined)[] = []
    for (const step of all) void step.then(({ value }) => got.push(value))
    for (const job of [2, 0, 1]) {
      jobs.get(job)?.resolve(job * 10)
      await turns()
    }
    await Promise.all(all)
    t.deepEqual(got, ordered ? [0, 10, 20, undefined] : [20, 0, 10, undefined])
  }
})

test('WQ-12: no value is asked for before the first result is, nor beyond the places of the queue', async t => {
  const { queue, jobs } = byHand({ concurrency: 2, capacity: 3 })
  const { values, asked } = source(100)
  const results = queue.map(values)
  await turns(2)
  t.is(asked(), 0)
  const first = results.next()
  await turns(4)
  t.is(asked(), 5)
  t.deepEqual([queue.running, queue.waiting], [2, 3])
  jobs.get(0)?.resolve(0)
  t.deepEqual(await first, { done: false, value: 0 })
  await turns(4)
  t.is(asked(), 6)
  // Results that nobody takes count too.
  for (let job = 1; job < 6; job++) {
    jobs.get(job)?.resolve(job)
    await turns(2)
  }
  t.is(asked(), 6)
  await results.return?.()
})

test('WQ-12: a queue that others use, too, is asked for room before the source is asked for a value', async t => {
  const { queue, jobs } = byHand({ concurrency: 1, capacity: 1 })
  const others = [queue.submit(100), queue.submit(101)]
  const { values, asked } = source(3)
  const results = queue.map(values)
  const first = results.next()
  await turns(4)
  t.is(asked(), 0)
  jobs.get(100)?.resolve(0)
  await turns(4)
  t.is(asked(), 1)
  t.is(await standing(first), 'pending')
  jobs.get(101)?.resolve(0)
  await turns(2)
  jobs.get(0)?.resolve(7)
  t.is((await first).value, 7)
  await Promise.all(others)
  await results.return?.()
})

test('WQ-12: the first failure comes after the results before it, aborts the other jobs, and ends the source', async t => {
  const { queue, jobs } = byHand({ concurrency: 3 })
  const { values, ended } = source(100)
  const results = queue.map(values)
  const steps = [results.next(), results.next(), results.next()]
  await turns(4)
  jobs.get(0)?.resolve(5)
  const error = new Error('broken')
  jobs.get(1)?.reject(error)
  t.is((await steps[0])?.value, 5)
  t.is(await t.throwsAsync(steps[1] as Promise<unknown>), error)
  t.true((await steps[2])?.done)
  t.true((await results.next()).done)
  t.true(jobs.get(2)?.signal.aborted)
  t.true(ended())
  t.is(queue.waiting, 0)
  for (const job of jobs.values()) job.resolve(0)
  await queue.onIdle()
})

test('WQ-12: an error of the source comes once, and the source is not told to return', async t => {
  let returned = false
  const error = new Error('broken')
  const broken: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(error),
      return: async () => {
        returned = true
        return { done: true, value: undefined }
      },
    }),
  }
  const queue = new WorkQueue(async (job: number) => job, { concurrency: 2 })
  const results = queue.map(broken)
  t.is(await t.throwsAsync(results.next()), error)
  t.true((await results.next()).done)
  await results.return?.()
  t.false(returned)
})

test('WQ-12: leaving the loop aborts what it started, ends the source, and leaves the queue to others', async t => {
  const { queue, jobs } = byHand({ concurrency: 2, capacity: 2 })
  const { values, ended } = source(100)
  const results = queue.map(values)
  const first = results.next()
  await turns(4)
  const answer = results.return?.()
  t.deepEqual(await answer, { done: true, value: undefined })
  t.true((await first).done)
  t.true(ended())
  t.is(queue.waiting, 0)
  t.true([...jobs.values()].every(({ signal }) => signal.aborted))
  for (const job of jobs.values()) job.resolve(0)
  const later = queue.submit(50)
  await turns()
  jobs.get(50)?.resolve(1)
  t.is(await later, 1)
})

test('WQ-12: a channel as the source keeps what was not asked for', async t => {
  const channel = new Channel<number>(10)
  for (let i = 0; i < 8; i++) channel.trySend(i)
  const queue = new WorkQueue(async (job: number) => job * 2, { concurrency: 1, capacity: 0 })
  const got: number[] = []
  for await (const result of queue.map(channel)) {
    got.push(result)
    if (got.length === 3) break
  }
  await queue.onIdle()
  t.deepEqual(got, [0, 2, 4])
  t.true(channel.length >= 4)
  t.false(channel.isClosed)
})

test('WQ-12: a queue that closes meanwhile is the error of the loop', async t => {
  const queue = new WorkQueue(async (job: number) => job, { concurrency: 1 })
  const { values, ended } = source(100)
  const results = queue.map(values)
  await results.next()
  await queue.close()
  await t.throwsAsync(
    (async () => {
      for await (const result of results) t.is(typeof result, 'number')
    })(),
    { code: 'ERR_JOB_DROPPED' },
  )
  t.true(ended())
})

test('WQ-12: bad arguments of map are errors that name them', t => {
  const queue = new WorkQueue(async (job: number) => job, { concurrency: 1 })
  t.throws(() => queue.map(7 as never), { code: 'ERR_INVALID_OPTION', message: /^`source`/u })
  t.throws(() => queue.map([], { ordered: 'no' as never }), { code: 'ERR_INVALID_OPTION', message: /^`ordered`/u })
})
