// Signals that outlive what they were given to: nothing stays on them.
import { getEventListeners } from 'node:events'
import test from 'ava'
import { limit, Semaphore, WorkQueue } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

test('no listener stays on a signal after a permit was granted, refused, or closed away', async t => {
  const { signal } = new AbortController()
  const semaphore = new Semaphore(1)
  const permit = await semaphore.acquire({ signal })
  const waits = [
    semaphore.acquire({ signal }),
    semaphore.acquire({ signal, timeout: 1 }),
    semaphore.acquire({ signal }),
  ]
  t.is(listeners(signal), 3)
  await t.throwsAsync(waits[1]!, { code: 'ERR_TIMEOUT' })
  permit.release()
  await waits[0]
  semaphore.close()
  await t.throwsAsync(waits[2]!, { code: 'ERR_SEMAPHORE_CLOSED' })
  t.is(listeners(signal), 0)
})

test('no listener stays on a signal once a limited call runs', async t => {
  const { signal } = new AbortController()
  const one = limit(1)
  const gate = deferred()
  const calls = [one(() => gate.promise, { signal }), one(() => 1, { signal })]
  t.is(listeners(signal), 1)
  gate.resolve()
  await Promise.all(calls)
  t.is(listeners(signal), 0)
})

test('WQ-7: no listener stays on a signal after a job was admitted, or after it has ended, however it did', async t => {
  const { signal } = new AbortController()
  const gate = deferred()
  const queue = new WorkQueue(() => gate.promise, { concurrency: 1, capacity: 2 })
  await queue.offer(0, { signal })
  t.is(listeners(signal), 0)
  const jobs = [queue.submit(1, { signal }), queue.submit(2, { signal })]
  const offers = [queue.offer(3, { signal }), queue.offer(4, { signal })]
  const submitted = queue.submit(5, { signal })
  t.is(listeners(signal), 5)
  queue.clear()
  for (const job of jobs) await t.throwsAsync(job, { code: 'ERR_JOB_DROPPED' })
  await Promise.all(offers)
  t.is(listeners(signal), 1)
  const canceled = queue.cancel()
  await t.throwsAsync(submitted, { code: 'ERR_JOB_DROPPED' })
  t.is(listeners(signal), 0)
  gate.resolve()
  await canceled
  const other = new WorkQueue((job: number) => (job === 0 ? Promise.reject(new Error('bad')) : turns()), {
    concurrency: 1,
  })
  await t.throwsAsync(other.submit(0, { signal }), { message: 'bad' })
  await other.submit(1, { signal })
  t.is(listeners(signal), 0)
})
