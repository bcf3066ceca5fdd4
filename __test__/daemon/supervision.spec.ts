// The policy of restarts, by a clock of the test's own and with children that do as they are told.

import test, { type ExecutionContext } from 'ava'
import type { DaemonEvent, Lagged } from '../../index.ts'
import { Restarts, type RestartPolicy } from '../../src/process/daemon/restarts.ts'
import { Supervisor } from '../../src/process/daemon/supervisor.ts'
import { standing } from '../helpers/deferred.ts'
import { exitWith, FakeChild } from '../helpers/fake-child.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns } from '../helpers/wait-for.ts'

interface Scene {
  readonly clock: ManualClock
  readonly supervisor: Supervisor
  readonly children: FakeChild[]
  readonly events: Promise<string[]>
  /** The youngest child runs, and ends at once. */
  readonly runThenQuit: (exitCode: number) => Promise<void>
}

const steady = { jitter: false, initial: 100, factor: 2, max: 1000 }

function scene(
  t: ExecutionContext,
  options: Partial<RestartPolicy> & { signal?: AbortSignal; sweeps?: boolean } = {},
): Scene {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const children: FakeChild[] = []
  const { signal, sweeps = true, ...policy } = options
  const settings = {
    restart: 'on-failure',
    backoff: steady,
    maxRestarts: 5,
    within: 60_000,
    sweeps,
    signal,
    ...policy,
  } as const
  const supervisor = new Supervisor(settings, () => {
    const child = new FakeChild(100 + children.length)
    children.push(child)
    return child
  })
  return {
    clock,
    supervisor,
    children,
    events: typesOf(supervisor.feed.listen()),
    async runThenQuit(exitCode) {
      const child = children.at(-1)!
      child.run()
      await turns()
      child.quit(exitCode)
      await turns()
    },
  }
}

async function typesOf(events: AsyncIterable<DaemonEvent | Lagged>): Promise<string[]> {
  const types: string[] = []
  for await (const event of events) types.push(event.type)
  return types
}

test.serial('a failure is followed by a restart, and the pause doubles with each one up to its maximum', async t => {
  const { clock, supervisor, children, runThenQuit } = scene(t, { maxRestarts: 100 })
  for (const pause of [100, 200, 400, 800, 1000, 1000]) {
    const count = children.length
    await runThenQuit(1)
    t.is(supervisor.state, 'backoff')
    await clock.advance(pause - 1)
    t.is(children.length, count)
    await clock.advance(1)
    t.is(children.length, count + 1)
    t.is(supervisor.state, 'starting')
  }
  t.is(supervisor.restarts, 6)
})

test.serial('with jitter the pause is a random part of that, and no longer', t => {
  const restarts = new Restarts({
    restart: 'always',
    backoff: { ...steady, jitter: true },
    maxRestarts: 1000,
    within: 1,
  })
  const delays = Array.from({ length: 200 }, (_, index) => restarts.after(false, index * 10) as number)
  t.true(delays.every(delay => delay >= 0 && delay <= 100))
  t.true(new Set(delays).size > 100)
})

test.serial('one restart too many within the window is a failure of the daemon', async t => {
  const { clock, supervisor, children, events, runThenQuit } = scene(t, { maxRestarts: 2 })
  await runThenQuit(1)
  await clock.advance(100)
  await runThenQuit(2)
  await clock.advance(200)
  await runThenQuit(3)
  t.is(supervisor.state, 'failed')
  t.is(children.length, 3)
  t.is(clock.timers, 0)
  t.like(await supervisor.stopped.promise, { exitCode: 3 })
  const round = ['started', 'ready', 'exited', 'restarting']
  t.deepEqual(await events, [...round, ...round, ...round.slice(0, 3), 'failed'])
})

test.serial('restarts that left the window count no more, for the limit and for the pause', async t => {
  const { clock, supervisor, children, runThenQuit } = scene(t, { maxRestarts: 2, within: 1000 })
  for (let round = 0; round < 10; round++) {
    await runThenQuit(1)
    await clock.advance(100)
    t.is(children.length, round + 2)
    await clock.advance(1000)
  }
  t.is(supervisor.state, 'starting')
})

test.serial("'on-failure' ends with an exit that is ok, 'never' with any, 'always' with none", async t => {
  const restarts = (restart: RestartPolicy['restart']) =>
    new Restarts({ restart, backoff: steady, maxRestarts: 5, within: 1000 })
  t.is(restarts('on-failure').after(true, 0), 'enough')
  t.is(restarts('on-failure').after(false, 0), 100)
  t.is(restarts('never').after(false, 0), 'enough')
  t.is(restarts('always').after(true, 0), 100)
  t.is(new Restarts({ restart: 'always', backoff: {}, maxRestarts: 0, within: 1000 }).after(false, 0), 'too many')
  const { supervisor, events, runThenQuit } = scene(t)
  await runThenQuit(0)
  t.is(supervisor.state, 'stopped')
  t.like(await supervisor.stopped.promise, { ok: true })
  t.deepEqual(await events, ['started', 'ready', 'exited', 'stopped'])
})

test.serial("a bad exit that nothing follows leaves the daemon as 'failed'", async t => {
  const { supervisor, runThenQuit } = scene(t, { restart: 'never' })
  await runThenQuit(7)
  t.is(supervisor.state, 'failed')
  t.like(await supervisor.stopped.promise, { exitCode: 7 })
})

test.serial('stop ends the wait for a restart at once', async t => {
  const { clock, supervisor, children, events, runThenQuit } = scene(t)
  await runThenQuit(1)
  t.is(supervisor.state, 'backoff')
  t.like(await supervisor.stop(), { exitCode: 1 })
  t.is(clock.timers, 0)
  t.is(supervisor.state, 'stopped')
  t.is(children.length, 1)
  t.deepEqual((await events).slice(-2), ['restarting', 'stopped'])
})

test.serial('stop ends the child, is one end for all calls, and nothing is started after it', async t => {
  const { clock, supervisor, children } = scene(t, { restart: 'always' })
  children[0]!.run()
  await turns()
  t.is(supervisor.pid, 100)
  const [one, other] = await Promise.all([supervisor.stop(), supervisor.stop()])
  t.is(one, other)
  t.deepEqual(children[0]!.endings, ['terminate'])
  await clock.advance(10_000)
  t.is(children.length, 1)
  t.is(supervisor.pid, undefined)
})

test.serial('a first start that fails is final; a later one is tried again', async t => {
  const first = scene(t)
  first.children[0]!.refuse(new Error('ENOENT'))
  await t.throwsAsync(first.supervisor.ready.promise, { message: 'ENOENT' })
  await t.throwsAsync(first.supervisor.stopped.promise, { message: 'ENOENT' })
  t.is(first.supervisor.state, 'failed')
  first.clock.restore()

  const { clock, supervisor, children, events, runThenQuit } = scene(t, { maxRestarts: 2 })
  await runThenQuit(1)
  await clock.advance(100)
  children[1]!.refuse(new Error('ENOENT'))
  await turns()
  t.is(supervisor.state, 'backoff')
  await clock.advance(200)
  children[2]!.refuse(new Error('ENOENT'))
  t.like(await supervisor.stopped.promise, { exitCode: 1 })
  t.is(supervisor.state, 'failed')
  t.deepEqual(await events, ['started', 'ready', 'exited', 'restarting', 'restarting', 'failed'])
})

test.serial('ready waits over restarts, and rejects with the last failure when none comes', async t => {
  const { clock, supervisor, children } = scene(t, { maxRestarts: 1 })
  children[0]!.run(false)
  await turns()
  children[0]!.quit(1)
  await clock.advance(100)
  t.is(await standing(supervisor.ready.promise), 'pending')
  children[1]!.run(false)
  await turns()
  children[1]!.quit(2)
  await t.throwsAsync(supervisor.ready.promise, { message: 'ended with 2' })
})

test.serial('an abort stops, with its reason; one that came before starts nothing', async t => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const { supervisor, children } = scene(t, { signal: controller.signal })
  children[0]!.run(false)
  await turns()
  controller.abort(reason)
  t.is((await supervisor.stopped.promise).exitCode, 0)
  t.deepEqual(children[0]!.endings, ['abort'])
  await t.throwsAsync(supervisor.ready.promise, { name: 'AbortError', code: 'ABORT_ERR' })
  t.is(supervisor.state, 'stopped')

  const late = new Supervisor(
    { restart: 'always', backoff: {}, maxRestarts: 1, within: 1, sweeps: true, signal: controller.signal },
    () => new FakeChild(0),
  )
  t.is(late.state, 'stopped')
  const error = await t.throwsAsync(late.stopped.promise, { code: 'ABORT_ERR' })
  t.is(error.cause, reason)
})

test.serial('what outlived a child is ended before the next one starts, unless it is to be left', async t => {
  const { clock, children, runThenQuit } = scene(t)
  await runThenQuit(1)
  t.is(children[0]!.sweeps, 1)
  await clock.advance(100)
  t.is(children.length, 2)
  clock.restore()
  const other = scene(t, { sweeps: false })
  await other.runThenQuit(1)
  await other.clock.advance(100)
  t.is(other.children[0]!.sweeps, 0)
})

test.serial('a slow listener is told how much it missed, and then gets the newest; others lose nothing', async t => {
  const { clock, supervisor, events, runThenQuit } = scene(t, { maxRestarts: 3 })
  const slow = supervisor.feed.listen({ capacity: 2 })
  for (const pause of [100, 200, 400]) {
    await runThenQuit(1)
    await clock.advance(pause)
  }
  await runThenQuit(1)
  t.is((await events).length, 16)
  const seen: (DaemonEvent | Lagged)[] = []
  for await (const event of slow) seen.push(event)
  t.like(seen[0], { type: 'lagged', missed: 14 })
  t.deepEqual(
    seen.slice(1).map(({ type }) => type),
    ['exited', 'failed'],
  )
  t.deepEqual((seen[2] as DaemonEvent).exit, exitWith(1))
  t.deepEqual(await supervisor.feed.listen().next(), { done: true, value: undefined })
})

test.serial('leaving the events answers at once while a read waits, and an abort rejects it', async t => {
  const { supervisor } = scene(t)
  const one = supervisor.feed.listen()
  const parked = one.next()
  await one.return!()
  t.deepEqual(await parked, { done: true, value: undefined })
  const controller = new AbortController()
  const other = supervisor.feed.listen({ signal: controller.signal })
  const waiting = other.next()
  controller.abort()
  await t.throwsAsync(waiting, { code: 'ABORT_ERR' })
  t.throws(() => supervisor.feed.listen({ capacity: 0 }), { code: 'ERR_INVALID_OPTION' })
})
