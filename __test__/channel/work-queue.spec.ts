// Who gets into a queue, what its jobs come to, and what its owner learns.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { RefusedError, WorkQueue, type DropReason, type WorkQueueOptions } from '../../index.ts'
import { deferred, standing, type Deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Held {
  readonly queue: WorkQueue<number, string>
  /** One gate per job: the job ends when its gate does. */
  readonly gates: Deferred<string>[]
  readonly started: number[]
  readonly drops: [job: number, reason: DropReason][]
}

/** A queue of jobs 0..n that end when the test says so. */
function held(options: WorkQueueOptions<number>): Held {
  const gates = Array.from({ length: 30 }, () => deferred<string>())
  const started: number[] = []
  const drops: [number, DropReason][] = []
  const worker = (job: number): Promise<string> => {
    started.push(job)
    return gates[job]!.promise
  }
  const queue = new WorkQueue(worker, { onDrop: (job, reason) => drops.push([job, reason]), ...options })
  return { queue, gates, started, drops }
}

test('WQ-1: offer settles on admission, and gives the result apart', async t => {
  const { queue, gates } = held({ concurrency: 1, capacity: 1 })
  const { result } = await queue.offer(0)
  await queue.offer(1)
  const third = queue.offer(2)
  t.is(await standing(third), 'pending')
  t.is(await standing(result), 'pending')
  gates[0]!.resolve('zero')
  t.is(await result, 'zero')
  await third
  for (const gate of gates) gate.resolve('rest')
  await queue.onIdle()
})

test('WQ-1, S3.14: submit waits for capacity and settles with the result; the slot is freed', async t => {
  const { queue, gates } = held({ concurrency: 1, capacity: 0 })
  const first = queue.submit(0)
  const second = queue.submit(1)
  t.is(queue.running, 1)
  t.is(queue.waiting, 0)
  gates[0]!.resolve('a')
  t.is(await first, 'a')
  gates[1]!.resolve('b')
  t.is(await second, 'b')
  t.is(queue.running, 0)
})

test('WQ-1: a result is a promise of its own that nobody has to listen to, late or never', async t => {
  const queue = new WorkQueue(
    (): never => {
      throw new Error('bad')
    },
    { concurrency: 1 },
  )
  const handle = await queue.offer(undefined)
  await queue.onIdle()
  await turns(3)
  await t.throwsAsync(handle.result, { message: 'bad' })
  t.is(handle.result, handle.result)
  t.is(queue.metrics().failed, 1)
})

test('WQ-2, S3.2: block: the bound holds exactly, and offers that wait are admitted in their order', async t => {
  const { queue, gates, started } = held({ concurrency: 2, capacity: 3 })
  const offers = Array.from({ length: 10 }, (_, job) => queue.offer(job))
  t.is(await standing(offers[4]!), 'fulfilled')
  t.is(await standing(offers[5]!), 'pending')
  t.is(queue.running, 2)
  t.is(queue.waiting, 3)
  t.is(queue.tryOffer(20), undefined)
  for (let i = 0; i < 10; i++) {
    gates[i]!.resolve('')
    await turns()
    t.true(queue.running <= 2)
    t.true(queue.waiting <= 3)
  }
  t.deepEqual(started, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('WQ-2: one that comes as room appears does not overtake the offers that wait', async t => {
  const { queue, gates, started } = held({ concurrency: 1, capacity: 0 })
  const first = queue.submit(0)
  const waits = queue.submit(1)
  const late = first.then(() => queue.submit(2))
  gates[0]!.resolve('')
  await first
  t.is(queue.tryOffer(3), undefined)
  for (const gate of gates) gate.resolve('')
  await Promise.all([waits, late])
  t.deepEqual(started, [0, 1, 2])
})

test('WQ-2, S3.5, S3.8, S4.9: drop-newest: what comes to a full queue is dropped, counted and reported, its result says so, and the bound holds', async t => {
  const { queue, gates, drops } = held({ concurrency: 1, capacity: 1, overflow: 'drop-newest' })
  const jobs = [0, 1, 2, 3].map(job => queue.submit(job))
  const error = await t.throwsAsync(jobs[2]!, { instanceOf: RefusedError, code: 'ERR_JOB_DROPPED' })
  t.is(error.value, 2)
  await t.throwsAsync(jobs[3]!, { code: 'ERR_JOB_DROPPED' })
  const handle = queue.tryOffer(4)
  await t.throwsAsync(handle!.result, { code: 'ERR_JOB_DROPPED' })
  t.deepEqual(drops, [
    [2, 'newest'],
    [3, 'newest'],
    [4, 'newest'],
  ])
  t.is(queue.metrics().dropped, 3)
  for (const gate of gates) gate.resolve('ok')
  t.deepEqual(await Promise.all(jobs.slice(0, 2)), ['ok', 'ok'])
})

test('WQ-2, S3.6, S4.6: drop-oldest: what waited longest makes room, never what runs', async t => {
  const { queue, gates, drops, started } = held({ concurrency: 1, capacity: 2, overflow: 'drop-oldest' })
  const jobs = [0, 1, 2, 3, 4].map(job => queue.submit(job))
  for (const job of [1, 2]) await t.throwsAsync(jobs[job]!, { code: 'ERR_JOB_DROPPED' })
  t.deepEqual(drops, [
    [1, 'oldest'],
    [2, 'oldest'],
  ])
  for (const gate of gates) gate.resolve('')
  await Promise.all([jobs[0], jobs[3], jobs[4]])
  t.deepEqual(started, [0, 3, 4])
})

test('WQ-2, S3.7: error: a full queue refuses, and gives the job back', async t => {
  const { queue, gates, drops } = held({ concurrency: 1, capacity: 0, overflow: 'error' })
  const first = queue.submit(0)
  const error = await t.throwsAsync(queue.offer(1), { instanceOf: RefusedError, code: 'ERR_JOB_DROPPED' })
  t.is(error.value, 1)
  t.is(queue.tryOffer(2), undefined)
  t.deepEqual(drops, [])
  gates[0]!.resolve('')
  await first
})

test('WQ-2: concurrency may be changed while it runs', async t => {
  const { queue, gates } = held({ concurrency: 1, capacity: 10 })
  const jobs = [0, 1, 2, 3].map(job => queue.submit(job))
  queue.concurrency = 3
  t.is(queue.running, 3)
  t.is(queue.concurrency, 3)
  queue.concurrency = 1
  t.is(queue.running, 3)
  gates[0]!.resolve('')
  gates[1]!.resolve('')
  await turns()
  t.is(queue.running, 1)
  t.is(queue.waiting, 1)
  for (const gate of gates) gate.resolve('')
  await Promise.all(jobs)
})

test('WQ-3, S3.15: availableCapacity is the slots that are free, at any time', async t => {
  const { queue, gates } = held({ concurrency: 5, capacity: 20 })
  t.is(queue.availableCapacity, 5)
  const jobs = Array.from({ length: 7 }, (_, job) => queue.submit(job))
  t.is(queue.availableCapacity, 0)
  t.is(queue.running, 5)
  t.is(queue.waiting, 2)
  queue.concurrency = 2
  t.is(queue.availableCapacity, 0)
  for (const gate of gates) gate.resolve('')
  await Promise.all(jobs)
  t.is(queue.availableCapacity, 2)
})

test('WQ-4: a pause starts nothing, and capacity still holds', async t => {
  const { queue, gates, started } = held({ concurrency: 2, capacity: 3 })
  const running = queue.submit(0)
  queue.pause()
  t.true(queue.isPaused)
  const admitted = [1, 2, 3].map(job => queue.tryOffer(job))
  t.true(admitted.every(handle => handle !== undefined))
  t.is(queue.tryOffer(4), undefined)
  const waits = queue.offer(4)
  t.is(await standing(waits), 'pending')
  gates[0]!.resolve('')
  await running
  t.is(await standing(waits), 'pending')
  t.deepEqual(started, [0])
  queue.resume()
  await waits
  for (const gate of gates) gate.resolve('')
  await queue.onIdle()
  t.deepEqual(started, [0, 1, 2, 3, 4])
})

test('WQ-5: onIdle waits for what runs, what waits, and what waits for admission', async t => {
  const { queue, gates } = held({ concurrency: 1, capacity: 1 })
  await queue.onIdle()
  const jobs = [0, 1, 2].map(job => queue.submit(job))
  const idle = queue.onIdle()
  for (const job of [0, 1, 2]) {
    t.is(await standing(idle), 'pending')
    gates[job]!.resolve('')
    await jobs[job]
  }
  await idle
  await queue.onIdle({ timeout: 0 })
})

test('WQ-5: onCapacity fires on any decrease: an end, clear, resume, a higher concurrency', async t => {
  const { queue, gates } = held({ concurrency: 1, capacity: 2 })
  await queue.onCapacity({ count: 3 })
  const jobs = [0, 1, 2].map(job => queue.submit(job))
  for (const job of jobs) job.catch(() => {})
  const one = queue.onCapacity()
  t.is(await standing(one), 'pending')
  gates[0]!.resolve('')
  await one
  await queue.offer(3)
  const two = queue.onCapacity({ count: 2 })
  t.is(await standing(two), 'pending')
  queue.clear()
  await two
  queue.pause()
  await queue.offer(4)
  await queue.offer(5)
  const resumed = queue.onCapacity()
  t.is(await standing(resumed), 'pending')
  gates[1]!.resolve('')
  t.is(await standing(resumed), 'pending')
  queue.resume()
  await resumed
  await queue.offer(6)
  const raised = queue.onCapacity()
  t.is(await standing(raised), 'pending')
  queue.concurrency = 2
  await raised
  await t.throwsAsync(queue.onCapacity({ count: 5 }), { code: 'ERR_INVALID_OPTION', message: /`count`/u })
  await t.throwsAsync(queue.onCapacity({ count: null as never }), { code: 'ERR_INVALID_OPTION', message: /`count`/u })
  const never = queue.onCapacity({ count: 4, signal: AbortSignal.abort() })
  await t.throwsAsync(never, { code: 'ABORT_ERR' })
  await t.throwsAsync(queue.onCapacity({ count: 4, timeout: 0 }), { code: 'ERR_TIMEOUT' })
  for (const gate of gates) gate.resolve('')
  await queue.onIdle()
})

test('WQ-6: clear settles every job that waits, and reports it', async t => {
  const { queue, gates, drops } = held({ concurrency: 1, capacity: 3 })
  const jobs = [0, 1, 2, 3].map(job => queue.submit(job))
  queue.clear()
  for (const job of [1, 2, 3]) {
    const error = await t.throwsAsync(jobs[job]!, {
      instanceOf: RefusedError,
      code: 'ERR_JOB_DROPPED',
      message: /cleared/u,
    })
    t.is(error.value, job)
  }
  t.deepEqual(drops, [
    [1, 'cleared'],
    [2, 'cleared'],
    [3, 'cleared'],
  ])
  gates[0]!.resolve('ok')
  t.is(await jobs[0], 'ok')
})

test('WQ-6: cancel drops what waits, refuses what waits for admission, aborts what runs, and fulfils when that has ended', async t => {
  const gate = deferred<string>()
  const drops: unknown[] = []
  let signal: AbortSignal | undefined
  const queue = new WorkQueue(
    (_: number, context) => {
      signal = context.signal
      return gate.promise
    },
    { concurrency: 1, capacity: 1, onDrop: (job, reason) => drops.push([job, reason]) },
  )
  const jobs = [0, 1, 2].map(job => queue.submit(job))
  const offered = queue.offer(3)
  const reason = new Error('shutting down')
  const canceled = queue.cancel(reason)
  t.is(await standing(canceled), 'pending')
  t.is(signal?.reason, reason)
  for (const dropped of [jobs[1]!, jobs[2]!, offered]) {
    const error = await t.throwsAsync(dropped as Promise<unknown>, { code: 'ERR_JOB_DROPPED', message: /canceled/u })
    t.is(error?.cause, reason)
  }
  t.deepEqual(drops, [[1, 'canceled']])
  await t.throwsAsync(queue.submit(4), { code: 'ERR_JOB_DROPPED' })
  // What runs may still end well.
  gate.resolve('late')
  await canceled
  t.is(await jobs[0], 'late')
  t.true(queue.isClosed)
})

test('WQ-7: the signal of a submitted job: out of the line, or aborted while it runs; the slot is freed when the worker ends', async t => {
  const gates = [deferred(), deferred()]
  const signals: AbortSignal[] = []
  const drops: unknown[] = []
  const queue = new WorkQueue(
    (job: number, context) => {
      signals[job] = context.signal
      return gates[job]!.promise
    },
    { concurrency: 1, onDrop: (job, reason) => drops.push([job, reason]) },
  )
  const [running, waiting] = [new AbortController(), new AbortController()]
  const first = queue.submit(0, { signal: running.signal })
  const second = queue.submit(1, { signal: waiting.signal })
  const reason = new Error('changed my mind')
  waiting.abort(reason)
  t.is((await t.throwsAsync(second, { code: 'ABORT_ERR' }))?.cause, reason)
  t.deepEqual(drops, [[1, 'aborted']])
  t.is(queue.waiting, 0)
  running.abort(reason)
  await t.throwsAsync(first, { name: 'AbortError', code: 'ABORT_ERR' })
  t.true(signals[0]?.aborted)
  t.is(queue.running, 1)
  gates[0]!.resolve()
  await queue.onIdle()
  t.is(signals[1], undefined)
  await t.throwsAsync(queue.submit(1, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  t.throws(() => queue.tryOffer(1, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
})

test('WQ-7, S3.4: the signal of an offer ends its wait for admission and has no effect afterwards', async t => {
  const { queue, gates, drops, started } = held({ concurrency: 1, capacity: 0 })
  const admitted = new AbortController()
  const { result } = await queue.offer(0, { signal: admitted.signal })
  const controller = new AbortController()
  const waits = queue.offer(1, { signal: controller.signal })
  const behind = queue.offer(2)
  admitted.abort()
  controller.abort()
  await t.throwsAsync(waits, { code: 'ABORT_ERR' })
  await t.throwsAsync(queue.offer(3, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(queue.offer(3, { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  t.is(await standing(result), 'pending')
  gates[0]!.resolve('fine')
  t.is(await result, 'fine')
  await behind
  gates[2]!.resolve('')
  await queue.onIdle()
  t.deepEqual(started, [0, 2])
  t.deepEqual(drops, [])
})

test('WQ-9: close takes no more, runs all that was admitted and all that waited for it, and then fulfils', async t => {
  const { queue, gates, started } = held({ concurrency: 1, capacity: 1 })
  const jobs = [0, 1, 2, 3].map(job => queue.submit(job))
  const room = queue.onCapacity()
  queue.pause()
  const closed = queue.close()
  await t.throwsAsync(room, { code: 'ERR_JOB_DROPPED' })
  const refused = await t.throwsAsync(queue.submit(9), {
    instanceOf: RefusedError,
    code: 'ERR_JOB_DROPPED',
    message: /closed/u,
  })
  t.is(refused.value, 9)
  t.is(queue.tryOffer(9), undefined)
  await t.throwsAsync(queue.onCapacity(), { code: 'ERR_JOB_DROPPED' })
  t.true(queue.isClosed)
  await t.throwsAsync(queue.close({ timeout: 1 }), { code: 'ERR_TIMEOUT' })
  t.is(await standing(closed), 'pending')
  for (const gate of gates) gate.resolve('')
  await closed
  await Promise.all(jobs)
  t.deepEqual(started, [0, 1, 2, 3])
})

test('WQ-9: leaving the scope of a queue closes it', async t => {
  const done: number[] = []
  const queue = new WorkQueue(
    async (job: number) => {
      await turns()
      done.push(job)
    },
    { concurrency: 2 },
  )
  for (const job of [1, 2, 3]) await queue.offer(job)
  await queue[Symbol.asyncDispose]()
  t.deepEqual(done, [1, 2, 3])
})

test('WQ-10, S3.16: a job that fails frees its slot, stops nothing, and goes to onError if nobody took its result', async t => {
  const errors: unknown[] = []
  const queue = new WorkQueue(
    (job: number) => {
      if (job % 2 === 1) throw new Error(`bad ${job}`)
      return job
    },
    { concurrency: 1, capacity: 10, onError: (error, job) => errors.push([(error as Error).message, job]) },
  )
  await queue.offer(1)
  const { result } = await queue.offer(3)
  await t.throwsAsync(result, { message: 'bad 3' })
  await t.throwsAsync(queue.submit(5), { message: 'bad 5' })
  t.is(await queue.submit(2), 2)
  await turns(3)
  t.deepEqual(errors, [['bad 1', 1]])
  t.is(queue.running, 0)
  const { completed, failed, dropped } = queue.metrics()
  t.deepEqual({ completed, failed, dropped }, { completed: 1, failed: 3, dropped: 0 })
})

test('callbacks that throw become warnings, and callbacks may call in: nothing is disturbed', async t => {
  const warnings: string[] = []
  const onWarning = (warning: Error): number => warnings.push(warning.message)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const again: Promise<unknown>[] = []
  const { queue, gates } = held({
    concurrency: 1,
    capacity: 2,
    onDrop: job => {
      if (job < 10) again.push(queue.submit(job + 10))
      throw new Error(`drop ${job}`)
    },
  })
  const jobs = [0, 1, 2].map(job => queue.submit(job))
  queue.clear()
  for (const job of [1, 2]) await t.throwsAsync(jobs[job]!, { code: 'ERR_JOB_DROPPED' })
  for (const gate of gates) gate.resolve('ok')
  t.is(await jobs[0], 'ok')
  t.deepEqual(await Promise.all(again), ['ok', 'ok'])
  await turns(2)
  t.deepEqual(warnings, ['drop 1', 'drop 2'])
})

test('metrics count each job once, and name their units', async t => {
  const queue = new WorkQueue((job: number) => (job === 1 ? Promise.reject(new Error('x')) : turns()), {
    concurrency: 1,
    capacity: 5,
    name: 'mail',
  })
  const jobs = [0, 1, 2, 3].map(job => queue.submit(job))
  t.like(queue.metrics(), { kind: 'queue', name: 'mail', running: 1, waiting: 3, delayed: 0 })
  await Promise.allSettled(jobs)
  const { completed, failed, dropped, runMs, waitMs } = queue.metrics()
  t.deepEqual([completed, failed, dropped], [3, 1, 0])
  t.true(runMs.total >= runMs.max && runMs.max > 0)
  t.true(waitMs.total >= waitMs.max && waitMs.max > 0)
})

test('bad options are errors that name them', t => {
  const worker = (): void => {}
  for (const [options, name] of [
    [{}, 'concurrency'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 1, capacity: -1 }, 'capacity'],
    [{ concurrency: 1, capacity: 0, overflow: 'drop-oldest' }, 'capacity'],
    [{ concurrency: 1, overflow: 'x' }, 'overflow'],
    [{ concurrency: 1, rate: { limit: 0, interval: 1 } }, 'rate.limit'],
    [{ concurrency: 1, retry: { attempts: 0 } }, 'retry.attempts'],
    [{ concurrency: 1, jobTimeout: 0 }, 'jobTimeout'],
    [{ concurrency: 1, onDrop: 1 }, 'onDrop'],
  ] as [object, string][]) {
    const error = t.throws(() => new WorkQueue(worker, options as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.includes(`\`${name}\``), error?.message)
  }
  t.throws(() => new WorkQueue(1 as never, { concurrency: 1 }), { message: /`worker`/u })
})

test.serial('a queue that is idle keeps neither the jobs it had nor what they gave', async t => {
  const queue = new WorkQueue(async (job: object) => ({ job }), { concurrency: 4, capacity: 4 })
  const gone: WeakRef<object>[] = []
  await (async () => {
    const given = await Promise.all(Array.from({ length: 8 }, async () => await queue.submit({})))
    for (const result of given) gone.push(new WeakRef(result), new WeakRef(result.job))
  })()
  await waitFor(
    async () => {
      await turns()
      collectGarbage()
      return gone.every(reference => reference.deref() === undefined)
    },
    { deadline: 20_000 },
  )
  t.is(queue.metrics().completed, 8)
})
