// What a queue does by the clock: tries again, keeps to a rate, gives up attempts and jobs.
import test, { type ExecutionContext } from 'ava'
import { SluiceError, WorkQueue, type JobContext } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

function manualClock(t: ExecutionContext): ManualClock {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  return clock
}

const fail = (): never => {
  throw new Error('bad')
}

test.serial(
  'WQ-8: a failed job is tried again after its backoff; meanwhile its slot is free, and it counts against capacity',
  async t => {
    const clock = manualClock(t)
    const started: [string, number, number][] = []
    const worker = (job: string, { attempt }: JobContext): string => {
      started.push([job, attempt, clock.now - 1000])
      return job === 'shaky' && attempt < 3 ? fail() : `${job} done`
    }
    const retry = { attempts: 3, initial: 100, jitter: false }
    const queue = new WorkQueue(worker, { concurrency: 1, capacity: 1, retry })
    const shaky = queue.submit('shaky')
    await clock.advance(0)
    t.like(queue.metrics(), { running: 0, waiting: 0, delayed: 1 })
    queue.pause()
    t.is(queue.tryOffer('no room'), undefined)
    queue.resume()
    t.is(await queue.submit('other'), 'other done')
    await clock.advance(100)
    await clock.advance(199)
    t.is(await standing(shaky), 'pending')
    await clock.advance(1)
    t.is(await shaky, 'shaky done')
    t.deepEqual(started, [
      ['shaky', 1, 0],
      ['other', 1, 0],
      ['shaky', 2, 100],
      ['shaky', 3, 300],
    ])
    t.like(queue.metrics(), { completed: 2, failed: 0, delayed: 0 })
    t.is(clock.timers, 0)
  },
)

test.serial('WQ-8: jobs that are put off make no room for ever more of them', async t => {
  const clock = manualClock(t)
  const queue = new WorkQueue(fail, { concurrency: 1, capacity: 2, retry: { attempts: 2, jitter: false } })
  let admitted = 0
  for (let i = 0; i < 10; i++) {
    if (queue.tryOffer(i) !== undefined) admitted += 1
    await clock.advance(0)
  }
  t.is(admitted, 3)
  await clock.advance(1000)
  t.like(queue.metrics(), { failed: 3, delayed: 0 })
})

test.serial('WQ-8: another try comes before what was admitted later', async t => {
  const clock = manualClock(t)
  const started: string[] = []
  const worker = (job: string, { attempt }: JobContext): Promise<void> | undefined => {
    started.push(`${job}${attempt}`)
    return job === 'a' && attempt === 1 ? fail() : undefined
  }
  const queue = new WorkQueue(worker, { concurrency: 1, capacity: 5, retry: { attempts: 2, jitter: false } })
  await queue.offer('a')
  await clock.advance(0)
  queue.pause()
  for (const job of ['b', 'c']) await queue.offer(job)
  await clock.advance(100)
  queue.resume()
  await queue.onIdle()
  t.deepEqual(started, ['a1', 'a2', 'b1', 'c1'])
})

test.serial('WQ-8: the last error is the result, retryIf may end it early, and exhaustion is reported', async t => {
  const clock = manualClock(t)
  const drops: unknown[] = []
  const retryIf = (error: unknown): boolean => (error as Error).message !== 'fatal'
  const worker = (job: string, { attempt }: JobContext): never => {
    throw new Error(job === 'fatal' ? 'fatal' : `try ${attempt}`)
  }
  const retry = { attempts: 3, jitter: false, retryIf }
  const queue = new WorkQueue(worker, { concurrency: 1, retry, onDrop: (job, reason) => drops.push([job, reason]) })
  const fatal = queue.submit('fatal')
  const other = queue.submit('other')
  await t.throwsAsync(fatal, { message: 'fatal' })
  const rejected = t.throwsAsync(other, { message: 'try 3' })
  await clock.advance(1000)
  await rejected
  t.deepEqual(drops, [['other', 'exhausted']])
  t.like(queue.metrics(), { failed: 2, dropped: 0 })
})

test.serial('WQ-8: what retryIf throws is the result', async t => {
  manualClock(t)
  const retryIf = (): never => {
    throw new Error('cannot tell')
  }
  const queue = new WorkQueue(fail, { concurrency: 1, retry: { attempts: 3, retryIf } })
  await t.throwsAsync(queue.submit(1), { message: 'cannot tell' })
  await queue.onIdle({ timeout: 0 })
})

test.serial('WQ-8: a signal ends the time between tries; clear and cancel do too', async t => {
  const clock = manualClock(t)
  const drops: unknown[] = []
  const options = {
    concurrency: 3,
    retry: { attempts: 2 },
    onDrop: (job: string, reason: string) => drops.push([job, reason]),
  }
  const queue = new WorkQueue(fail, options)
  const controller = new AbortController()
  const jobs = [queue.submit('a', { signal: controller.signal }), queue.submit('b')]
  await clock.advance(0)
  t.is(queue.metrics().delayed, 2)
  controller.abort()
  await t.throwsAsync(jobs[0]!, { code: 'ABORT_ERR' })
  queue.clear()
  await t.throwsAsync(jobs[1]!, { code: 'ERR_JOB_DROPPED' })
  const last = queue.submit('c')
  await clock.advance(0)
  const canceled = queue.cancel()
  await t.throwsAsync(last, { code: 'ERR_JOB_DROPPED' })
  await canceled
  t.deepEqual(drops, [
    ['a', 'aborted'],
    ['b', 'cleared'],
    ['c', 'canceled'],
  ])
  t.is(clock.timers, 0)
})

test.serial('WQ-8: a job that fails after cancel is not tried again', async t => {
  const clock = manualClock(t)
  const gate = deferred()
  const queue = new WorkQueue(() => gate.promise, { concurrency: 1, retry: { attempts: 5 } })
  const job = queue.submit(1)
  const canceled = queue.cancel()
  gate.reject(new Error('stopped'))
  await t.throwsAsync(job, { message: 'stopped' })
  await canceled
  t.is(clock.timers, 0)
})

test.serial('WQ-8: a key stays held between tries, so the order within it stays', async t => {
  const clock = manualClock(t)
  const started: string[] = []
  const worker = (job: string, { attempt }: JobContext): Promise<void> | undefined => {
    started.push(`${job} ${attempt}`)
    return job === 'a1' && attempt === 1 ? fail() : undefined
  }
  const queue = new WorkQueue(worker, { concurrency: 2, capacity: 5, retry: { attempts: 2, jitter: false } })
  for (const job of ['a1', 'a2', 'b1']) await queue.offer(job, { key: job[0]! })
  await clock.advance(0)
  t.deepEqual(started, ['a1 1', 'b1 1'])
  await clock.advance(100)
  t.deepEqual(started, ['a1 1', 'b1 1', 'a1 2', 'a2 1'])
  await queue.onIdle({ timeout: 0 })
})

test.serial('WQ-8: giving up a job between its tries lets the next of its key in', async t => {
  const clock = manualClock(t)
  const worker = (job: string): string => (job === 'a1' ? fail() : job)
  const queue = new WorkQueue(worker, { concurrency: 2, capacity: 5, retry: { attempts: 2 } })
  const controller = new AbortController()
  const first = queue.submit('a1', { key: 'a', signal: controller.signal })
  const second = queue.submit('a2', { key: 'a' })
  await clock.advance(0)
  t.like(queue.metrics(), { delayed: 1, waiting: 1 })
  controller.abort()
  await t.throwsAsync(first, { code: 'ABORT_ERR' })
  t.is(await second, 'a2')
})

test.serial(
  'WQ-7: jobTimeout aborts the attempt; the owner learns at once, the slot is free when the worker has ended',
  async t => {
    const clock = manualClock(t)
    const gate = deferred()
    let signal: AbortSignal | undefined
    const worker = (_: number, context: JobContext): Promise<void> => {
      signal = context.signal
      return gate.promise
    }
    const queue = new WorkQueue(worker, { concurrency: 1, jobTimeout: 50 })
    const job = queue.submit(1)
    const error = t.throwsAsync(job, { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
    await clock.advance(49)
    t.is(signal?.aborted, false)
    await clock.advance(1)
    await error
    t.true(SluiceError.is(signal?.reason, 'ERR_TIMEOUT'))
    t.is(queue.running, 1)
    gate.resolve()
    await queue.onIdle()
    t.like(queue.metrics(), { completed: 0, failed: 1 })
  },
)

test.serial(
  'WQ-7: an attempt that took too long is tried again when it has really ended, never beside itself',
  async t => {
    const clock = manualClock(t)
    const gates = [deferred<string>(), deferred<string>()]
    let running = 0
    const worker = async (_: number, { attempt }: JobContext): Promise<string> => {
      t.is(++running, 1)
      try {
        return await gates[attempt - 1]!.promise
      } finally {
        running -= 1
      }
    }
    const queue = new WorkQueue(worker, {
      concurrency: 2,
      jobTimeout: 50,
      retry: { attempts: 2, initial: 10, jitter: false },
    })
    const job = queue.submit(1)
    await clock.advance(200)
    t.is(await standing(job), 'pending')
    gates[0]!.reject(new Error('gave up'))
    await clock.advance(10)
    t.is(running, 1)
    gates[1]!.resolve('second')
    t.is(await job, 'second')
    t.is(clock.timers, 0)
  },
)

test.serial('WQ-7: an attempt that took too long says nothing about the next one', async t => {
  const clock = manualClock(t)
  const gates = [deferred(), deferred(), deferred()]
  let attempts = 0
  const worker = (_: number, { attempt }: JobContext): Promise<void> => {
    attempts += 1
    return gates[attempt - 1]!.promise
  }
  const retry = { attempts: 2, initial: 10, jitter: false }
  const queue = new WorkQueue(worker, { concurrency: 1, jobTimeout: 50, retry })
  const job = t.throwsAsync(queue.submit(1), { message: 'second' })
  await clock.advance(60)
  gates[0]!.reject(new Error('first'))
  await clock.advance(10)
  gates[1]!.reject(new Error('second'))
  await clock.advance(100)
  await job
  t.is(attempts, 2)
})

test.serial('WQ-7: the timeout of submit covers the wait, the attempts and the time between', async t => {
  const clock = manualClock(t)
  const gate = deferred()
  const queue = new WorkQueue((job: string) => (job === 'shaky' ? fail() : gate.promise), {
    concurrency: 1,
    capacity: 1,
    retry: { attempts: 9, initial: 100, jitter: false },
  })
  const shaky = t.throwsAsync(queue.submit('shaky', { timeout: 250 }), { code: 'ERR_TIMEOUT' })
  await clock.advance(250)
  await shaky
  const jobs = ['runs', 'waits', 'parked'].map(job => queue.submit(job, { timeout: 30 }))
  const all = Promise.all(jobs.map(job => t.throwsAsync(job, { code: 'ERR_TIMEOUT' })))
  await clock.advance(30)
  await all
  t.is(queue.running, 1)
  gate.resolve()
  await queue.onIdle()
  // The one that waited for admission came in as another left the line, and was dropped from there.
  t.like(queue.metrics(), { failed: 1, dropped: 3, running: 0, waiting: 0 })
  t.is(clock.timers, 0)
})

test.serial('S4.16: a rate is kept at the start of each attempt, and is no bound for what waits', async t => {
  const clock = manualClock(t)
  const started: number[] = []
  const queue = new WorkQueue(() => void started.push(clock.now - 1000), {
    concurrency: 10,
    capacity: 10,
    rate: { limit: 2, interval: 50 },
  })
  for (let i = 0; i < 5; i++) t.not(queue.tryOffer(i), undefined)
  t.is(queue.waiting, 4)
  await clock.advance(200)
  t.deepEqual(started, [0, 25, 50, 75, 100])
  t.is(clock.timers, 0)
  await queue.offer(5)
  t.is(started.length, 6)
})

test.serial('WQ-5: onCapacity fires when the rate lets a job go', async t => {
  const clock = manualClock(t)
  const queue = new WorkQueue(() => undefined, { concurrency: 1, capacity: 1, rate: { limit: 1, interval: 50 } })
  await queue.offer(0)
  await queue.offer(1)
  const room = queue.onCapacity()
  await clock.advance(49)
  t.is(await standing(room), 'pending')
  await clock.advance(1)
  await room
})

test.serial('without places to wait in, offers come in as fast as the rate lets them', async t => {
  const clock = manualClock(t)
  const started: [number, number][] = []
  const worker = (job: number): void => void started.push([job, clock.now - 1000])
  const queue = new WorkQueue(worker, { concurrency: 2, capacity: 0, rate: { limit: 1, interval: 50 } })
  const offers = [1, 2, 3].map(job => queue.offer(job))
  await clock.advance(100)
  await Promise.all(offers)
  t.deepEqual(
    started,
    [1, 2, 3].map((job, i) => [job, i * 50]),
  )
  t.is(queue.tryOffer(4), undefined)
  const room = queue.onCapacity()
  await clock.advance(50)
  await room
  t.not(queue.tryOffer(4), undefined)
  t.is(clock.timers, 0)
})

test.serial('onCapacity counts what the burst of a rate lets start at once, and refuses what never would', async t => {
  const clock = manualClock(t)
  const rate = { limit: 100, interval: 1000, burst: 3 }
  const queue = new WorkQueue(() => undefined, { concurrency: 5, capacity: 2, rate })
  await queue.onCapacity({ count: 5 })
  await t.throwsAsync(queue.onCapacity({ count: 6 }), { code: 'ERR_INVALID_OPTION' })
  for (let i = 0; i < 3; i++) await queue.submit(i)
  const all = queue.onCapacity({ count: 5 })
  await clock.advance(29)
  t.is(await standing(all), 'pending')
  await clock.advance(1)
  await all
  t.is(clock.timers, 0)
})

test.serial('a queue has no timer once nobody waits for its rate', async t => {
  const clock = manualClock(t)
  const busy = async (capacity: number): Promise<WorkQueue<number>> => {
    const queue = new WorkQueue<number>(() => undefined, {
      concurrency: 1,
      capacity,
      rate: { limit: 1, interval: 1e6 },
    })
    await queue.submit(0)
    return queue
  }
  const cleared = await busy(2)
  await cleared.offer(1)
  t.is(clock.timers, 1)
  cleared.pause()
  t.is(clock.timers, 0)
  cleared.resume()
  t.is(clock.timers, 1)
  cleared.clear()
  t.is(clock.timers, 0)
  const canceled = await busy(2)
  await canceled.offer(1)
  await canceled.cancel()
  t.is(clock.timers, 0)
  for (const [capacity, wait] of [
    [1, (queue: WorkQueue<number>, signal: AbortSignal) => queue.submit(1, { signal })],
    [0, (queue: WorkQueue<number>, signal: AbortSignal) => queue.offer(1, { signal })],
    [0, (queue: WorkQueue<number>, signal: AbortSignal) => queue.onCapacity({ signal })],
  ] as const) {
    const owner = new AbortController()
    const given = wait(await busy(capacity), owner.signal)
    t.is(clock.timers, 1)
    owner.abort()
    await t.throwsAsync(given, { code: 'ABORT_ERR' })
    t.is(clock.timers, 0)
  }
})

test.serial('a queue that is idle has no timer', async t => {
  const clock = manualClock(t)
  const options = { concurrency: 2, rate: { limit: 1, interval: 10 }, retry: { attempts: 2 }, jobTimeout: 100 }
  const queue = new WorkQueue((job: number) => job, options)
  await queue.submit(1)
  t.is(clock.timers, 0)
})
