// Which job of a queue is started next.
import test from 'ava'
import { WorkQueue } from '../../index.ts'
import { deferred, type Deferred } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

/** A queue of one slot that notes what it starts; it is paused until all are in. */
function ordered(capacity = 100): { queue: WorkQueue<string>; started: string[] } {
  const started: string[] = []
  const queue = new WorkQueue((job: string) => void started.push(job), { concurrency: 1, capacity })
  queue.pause()
  return { queue, started }
}

/** A queue of two slots that notes what it starts; the job `a1` runs until the gate opens. */
function gated(capacity: number): { queue: WorkQueue<string>; started: string[]; gate: Deferred<void> } {
  const gate = deferred()
  const started: string[] = []
  const work = (job: string): Promise<void> | undefined => {
    started.push(job)
    return job === 'a1' ? gate.promise : undefined
  }
  return { queue: new WorkQueue(work, { concurrency: 2, capacity }), started, gate }
}

test('WQ-7, S4.18: higher priority first, first in first out within one', async t => {
  const { queue, started } = ordered()
  const jobs: [string, number?][] = [['a'], ['b', 5], ['c', -1], ['d', 5], ['e'], ['f', 2.5]]
  for (const [job, priority] of jobs) await queue.offer(job, priority === undefined ? {} : { priority })
  await queue.close()
  t.deepEqual(started, ['b', 'd', 'f', 'a', 'e', 'c'])
})

test('WQ-7, S4.18: none starves: a low job runs although higher ones keep coming', async t => {
  let urgent = 0
  let isServed = false
  const queue = new WorkQueue(
    async (job: string) => {
      if (job === 'low') isServed = true
      await turns()
      if (!isServed && urgent < 1000) queue.tryOffer(`urgent ${urgent++}`, { priority: 9 })
    },
    { concurrency: 2, capacity: 10 },
  )
  for (let i = 0; i < 4; i++) await queue.offer('first', { priority: 9 })
  const low = queue.submit('low')
  await low
  t.true(isServed)
  t.true(urgent < 100, `${urgent} overtook it`)
  await queue.onIdle()
})

test('WQ-7: a job that is older than all of higher priority is overtaken by none that were there: order is strict among those', async t => {
  const { queue, started } = ordered(200)
  for (let i = 0; i < 60; i++) await queue.offer(`high ${i}`, { priority: 1 })
  for (let i = 0; i < 60; i++) await queue.offer(`low ${i}`)
  await queue.close()
  t.deepEqual(
    started,
    ['high', 'low'].flatMap(name => Array.from({ length: 60 }, (_, i) => `${name} ${i}`)),
  )
})

test('WQ-7: one at a time per key, in the order of admission, and others are not held up by it', async t => {
  const gates = new Map<string, ReturnType<typeof deferred<void>>>()
  const started: string[] = []
  const queue = new WorkQueue(
    (job: string) => {
      started.push(job)
      gates.set(job, deferred())
      return gates.get(job)!.promise
    },
    { concurrency: 3, capacity: 20 },
  )
  const end = async (job: string): Promise<void> => {
    gates.get(job)!.resolve()
    await turns()
  }
  for (const job of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'd1']) await queue.offer(job, { key: job[0]! })
  t.deepEqual(started, ['a1', 'b1', 'c1'])
  t.is(queue.waiting, 4)
  await end('c1')
  t.deepEqual(started.slice(3), ['d1'])
  await end('d1')
  t.is(queue.running, 2)
  // A slot is free, but all that waits waits for its key.
  await queue.offer('a4', { key: 'a', priority: 9 })
  t.is(queue.running, 2)
  await end('a1')
  await end('b1')
  t.deepEqual(started.slice(4), ['a2', 'b2'])
  await end('a2')
  await end('b2')
  await end('a3')
  t.deepEqual(started.slice(6), ['a3', 'a4'])
  await end('a4')
  await queue.onIdle({ timeout: 0 })
})

test('WQ-2: admission is strictly first come first served, also behind a job that waits for its key while a slot is free', async t => {
  const { queue, started, gate } = gated(0)
  const jobs = [
    queue.submit('a1', { key: 'a' }),
    queue.submit('a2', { key: 'a' }),
    queue.submit('b'),
    queue.submit('c', {}),
  ]
  await turns()
  t.is(queue.running, 1)
  t.deepEqual(started, ['a1'])
  gate.resolve()
  await Promise.all(jobs)
  t.deepEqual(started, ['a1', 'a2', 'b', 'c'])
})

test('WQ-7: dropping the job that holds a key lets the next of that key in', async t => {
  const { queue, started } = ordered()
  const controller = new AbortController()
  const first = queue.submit('a1', { key: 'a', signal: controller.signal })
  await queue.offer('a2', { key: 'a' })
  await queue.offer('b1', { key: 'b' })
  controller.abort()
  await t.throwsAsync(first, { code: 'ABORT_ERR' })
  await queue.close()
  t.deepEqual(started, ['a2', 'b1'])
})

test('WQ-6: clear leaves no key behind', async t => {
  const { queue, started, gate } = gated(10)
  const dropped: Promise<unknown>[] = []
  await queue.offer('a1', { key: 'a' })
  queue.pause()
  for (const job of ['a2', 'a3', 'b1', 'b2', 'c1']) dropped.push((await queue.offer(job, { key: job[0]! })).result)
  queue.clear()
  queue.resume()
  for (const result of dropped) await t.throwsAsync(result, { code: 'ERR_JOB_DROPPED' })
  t.is(queue.waiting, 0)
  const after = queue.submit('a4', { key: 'a' })
  await queue.submit('b3', { key: 'b' })
  t.deepEqual(started, ['a1', 'b3'])
  gate.resolve()
  await after
  t.deepEqual(started, ['a1', 'b3', 'a4'])
})

test('a priority is a finite number, a key a property key', async t => {
  const { queue } = ordered()
  await t.throwsAsync(queue.submit('x', { priority: NaN }), { code: 'ERR_INVALID_OPTION', message: /`priority`/u })
  await t.throwsAsync(queue.offer('x', { key: {} as never }), { code: 'ERR_INVALID_OPTION', message: /`key`/u })
  t.is(queue.waiting, 0)
})
