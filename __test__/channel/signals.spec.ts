// Signals that outlive what they were given to: nothing stays on them.
import { getEventListeners } from 'node:events'
import test from 'ava'
import { Channel, limit, Semaphore, WorkQueue } from '../../index.ts'
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
  t.is(listeners(signal), 1)
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
  t.is(listeners(signal), 1)
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

test.serial('any number of waits are one listener on their signal, and its abort ends them all, in order', async t => {
  const controller = new AbortController()
  const { signal } = controller
  const warnings: Error[] = []
  const warned = (warning: Error): number => warnings.push(warning)
  process.on('warning', warned)
  const channel = new Channel<number>(1)
  const semaphore = new Semaphore(1)
  const permit = await semaphore.acquire()
  const ended: number[] = []
  const waits = Array.from({ length: 50 }, async (_, i) => {
    const wait: Promise<unknown> = i < 25 ? semaphore.acquire({ signal }) : channel.receive({ signal })
    t.like(await t.throwsAsync(wait), { code: 'ABORT_ERR', cause: 'enough' })
    ended.push(i)
  })
  t.is(listeners(signal), 1)
  controller.abort('enough')
  await Promise.all(waits)
  await turns()
  process.off('warning', warned)
  t.deepEqual(ended, [...waits.keys()])
  t.deepEqual(warnings, [])
  t.is(listeners(signal), 0)
  permit.release()
  t.is(semaphore.available, 1)
})

test('a listener that stops the event keeps the abort from no wait', async t => {
  const controller = new AbortController()
  const { signal } = controller
  signal.addEventListener('abort', event => event.stopImmediatePropagation())
  const receive = new Channel<number>(1).receive({ signal })
  controller.abort()
  await t.throwsAsync(receive, { code: 'ABORT_ERR' })
})

test('what only looks like a signal is refused, and nobody waits then', async t => {
  const channel = new Channel<number>(1)
  for (const signal of [{ aborted: false }, { aborted: false, addEventListener: 1 }, new EventTarget()]) {
    await t.throwsAsync(channel.receive({ signal: signal as never }), {
      code: 'ERR_INVALID_OPTION',
      message: /`signal`/u,
    })
  }
  t.is(channel.metrics().waitingReceivers, 0)
})
