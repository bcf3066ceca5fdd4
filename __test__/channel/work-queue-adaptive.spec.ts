// A number of slots that follows how long jobs take.
import test, { type ExecutionContext } from 'ava'
import { WorkQueue } from '../../index.ts'
import { ManualClock } from '../helpers/manual-clock.ts'

function manualClock(t: ExecutionContext): ManualClock {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  return clock
}

/** A server that does so many jobs at once in 10 ms each; what is more makes all of them slower. */
function server(clock: ManualClock, knee: { jobs: number }): { work: () => Promise<void>; most: () => number } {
  let running = 0
  let most = 0
  const work = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    const ms = running <= knee.jobs ? 10 : 10 * (running / knee.jobs) ** 2
    await clock.pause(ms)
    running -= 1
  }
  return { work, most: () => most }
}

async function fill(queue: WorkQueue<number, void>, clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    while (queue.tryOffer(0) !== undefined);
    await clock.advance(5)
  }
}

test.serial('WQ-11: with targetLatency as many jobs run as keep it, and fewer when they become slower', async t => {
  const clock = manualClock(t)
  const knee = { jobs: 12 }
  const { work, most } = server(clock, knee)
  const queue = new WorkQueue<number, void>(work, { concurrency: 64, targetLatency: 15, capacity: 64 })
  t.is(queue.concurrency, 1)
  await fill(queue, clock, 2000)
  t.true(queue.concurrency >= 10 && queue.concurrency <= 18, `${queue.concurrency} for 12`)
  t.true(most() <= 20, `${most()} at once`)
  knee.jobs = 4
  await fill(queue, clock, 2000)
  t.true(queue.concurrency >= 3 && queue.concurrency <= 7, `${queue.concurrency} for 4`)
  queue.clear()
  await clock.advance(1000)
})

test.serial('WQ-11: never more than concurrency, never fewer than minConcurrency', async t => {
  const clock = manualClock(t)
  const [fast, slow] = [server(clock, { jobs: 100 }), server(clock, { jobs: 0.1 })]
  const up = new WorkQueue<number, void>(fast.work, { concurrency: 3, targetLatency: 15 })
  await fill(up, clock, 500)
  t.deepEqual([up.concurrency, fast.most()], [3, 3])
  up.concurrency = 2
  t.is(up.concurrency, 2)
  const down = new WorkQueue<number, void>(slow.work, { concurrency: 9, minConcurrency: 2, targetLatency: 1 })
  t.is(down.concurrency, 2)
  await fill(down, clock, 500)
  t.is(down.concurrency, 2)
  for (const queue of [up, down]) queue.clear()
  await clock.advance(100_000)
})

test.serial('WQ-11: nothing grows while no job waits, or while jobs fail', async t => {
  const clock = manualClock(t)
  const idle = new WorkQueue<number, void>(server(clock, { jobs: 100 }).work, { concurrency: 9, targetLatency: 50 })
  for (let i = 0; i < 20; i++) {
    void idle.offer(i)
    await clock.advance(20)
  }
  t.is(idle.concurrency, 1)
  const failing = new WorkQueue<number, void>(() => Promise.reject(new Error('broken')), {
    concurrency: 9,
    targetLatency: 50,
  })
  await fill(failing, clock, 100)
  t.is(failing.concurrency, 1)
})

test('WQ-11: bad bounds of the concurrency are errors that name them', t => {
  for (const [option, value] of [
    ['targetLatency', 0],
    ['targetLatency', '5'],
    ['minConcurrency', 0],
    ['minConcurrency', 5],
  ] as const) {
    const options = { concurrency: 4, targetLatency: 10, [option]: value }
    const error = t.throws(() => new WorkQueue(async () => {}, options as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith(`\`${option}\``), error?.message)
  }
})
