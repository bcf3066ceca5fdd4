// Slots: so many callbacks at once, in order, and none lost.
import { AsyncLocalStorage } from 'node:async_hooks'
import test from 'ava'
import { limit } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

test('S3.15: 20 jobs and 5 slots: never more than 5 run, and all of them do', async t => {
  const five = limit(5)
  let running = 0
  let most = 0
  const jobs = Array.from({ length: 20 }, (_, i) =>
    five(async () => {
      most = Math.max(most, ++running)
      t.is(five.running, running)
      await turns()
      running -= 1
      return i
    }),
  )
  t.is(five.running, 5)
  t.is(five.waiting, 15)
  t.deepEqual(
    await Promise.all(jobs),
    Array.from({ length: 20 }, (_, i) => i),
  )
  t.is(most, 5)
  t.is(five.running, 0)
  t.is(five.waiting, 0)
})

test('S3.16: the slot is free again after a value, a rejection and a throw, for calls that waited and calls that did not', async t => {
  const one = limit(1)
  const failure = new Error('bad')
  const kinds: (() => unknown)[] = [
    () => 1,
    () => Promise.reject(failure),
    () => {
      throw failure
    },
    () => Promise.resolve(4),
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what this is about
    () => ({ then: (resolve: (value: number) => void) => resolve(5) }),
  ]
  for (const kind of kinds) {
    await one(kind).catch(error => t.is(error, failure))
    t.is(one.running, 0)
  }
  const outcomes = await Promise.allSettled(kinds.map(kind => one(kind)))
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  t.is(one.running, 0)
})

test('calls start in the order they came; one that waited is never overtaken by one that comes as a slot is freed', async t => {
  const one = limit(1)
  const started: number[] = []
  const first = one(() => void started.push(0))
  const rest = [1, 2, 3].map(i => one(() => void started.push(i)))
  void first.then(() => one(() => void started.push(4)))
  await Promise.all(rest)
  await turns()
  t.deepEqual(started, [0, 1, 2, 3, 4])
})

test('signal and timeout end the wait for the start, and nothing that runs', async t => {
  const one = limit(1)
  const gate = deferred()
  const running = new AbortController()
  const first = one(() => gate.promise, { signal: running.signal })
  let called = 0
  const call = (): number => (called += 1)
  const waiting = new AbortController()
  const second = one(call, { signal: waiting.signal })
  const third = one(call, { timeout: 1 })
  const fourth = one(call)
  running.abort()
  waiting.abort()
  await t.throwsAsync(second, { code: 'ABORT_ERR' })
  await t.throwsAsync(third, { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(one(call, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(one(call, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  t.is(one.waiting, 1)
  t.is(await standing(first), 'pending')
  gate.resolve()
  await first
  await fourth
  t.is(called, 1)
})

test('concurrency may be changed: more starts who waits, fewer interrupts nobody', async t => {
  const slots = limit(1)
  const gates = Array.from({ length: 6 }, () => deferred())
  const jobs = gates.map(({ promise }) => slots(() => promise))
  slots.concurrency = 3
  t.is(slots.running, 3)
  slots.concurrency = 1
  t.is(slots.running, 3)
  gates[0]?.resolve()
  gates[1]?.resolve()
  await turns()
  t.is(slots.running, 1)
  t.is(slots.waiting, 3)
  gates[2]?.resolve()
  await turns()
  t.is(slots.running, 1)
  t.is(slots.waiting, 2)
  for (const gate of gates) gate.resolve()
  await Promise.all(jobs)
  t.is(slots.running, 0)
})

test('a callback that is started by more concurrency may lower it', async t => {
  const slots = limit(1)
  const gates = Array.from({ length: 3 }, () => deferred())
  const jobs = gates.map(({ promise }, i) =>
    slots(() => {
      if (i === 1) slots.concurrency = 1
      return promise
    }),
  )
  slots.concurrency = 3
  t.deepEqual([slots.concurrency, slots.running, slots.waiting], [1, 2, 1])
  for (const gate of gates) gate.resolve()
  await Promise.all(jobs)
  t.is(slots.running, 0)
})

test('a callback may call in again', async t => {
  const two = limit(2)
  const deep = (depth: number): Promise<number> => two(() => (depth === 0 ? 0 : 1))
  const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => two(() => void deep(i % 2))))
  t.is(results.length, 1000)
  await turns(3)
  t.is(two.running, 0)
})

test('a call that finds a slot free starts before it returns', async t => {
  const one = limit(1)
  const started: number[] = []
  const calls = [one(async () => void started.push(0)), one(() => void started.push(1))]
  t.deepEqual(started, [0])
  t.deepEqual([one.running, one.waiting], [1, 1])
  await Promise.all(calls)
  t.deepEqual(started, [0, 1])
})

test('a callback runs in the async context of its own caller, whoever frees the slot', async t => {
  const store = new AsyncLocalStorage<number>()
  const two = limit(2)
  const seen = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      store.run(i, () =>
        two(async () => {
          const before = store.getStore()
          await turns()
          return [before, store.getStore()]
        }),
      ),
    ),
  )
  t.deepEqual(
    seen,
    Array.from({ length: 8 }, (_, i) => [i, i]),
  )
  const one = limit(1)
  const gate = deferred()
  const first = store.run(1, () => one(() => gate.promise))
  const rest = [2, 3].map(i => store.run(i, () => one(() => store.getStore())))
  store.run(4, () => (one.concurrency = 2))
  gate.resolve()
  await first
  t.deepEqual(await Promise.all(rest), [2, 3])
})

test('bad arguments are errors that name them', async t => {
  for (const concurrency of [0, -1, 1.5, NaN]) t.throws(() => limit(concurrency), { code: 'ERR_INVALID_OPTION' })
  t.is(limit(Infinity).concurrency, Infinity)
  const one = limit(1)
  await t.throwsAsync(one('x' as never), { code: 'ERR_INVALID_OPTION', message: /`fn`/u })
  t.throws(() => (one.concurrency = 0), { code: 'ERR_INVALID_OPTION' })
  t.is(one.running, 0)
})
