// Circles of sends that wait for each other are found and named; what no graph shows is reported when nothing moves.
import test from 'ava'
import { Channel, Valve, type Sender, type ValveEvent } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

interface Party {
  readonly name: string
  readonly valve: Valve
  readonly authority: ReturnType<typeof Valve.create>['authority']
  readonly inbox: Channel<number>
  readonly events: (ValveEvent | { readonly type: 'lagged' })[]
}

function party(name: string, onDeadlock: 'report' | 'throw' = 'report', stallAfter?: number): Party {
  const made = Valve.create({ name, onDeadlock, ...(stallAfter === undefined ? {} : { stallAfter }) })
  const events: Party['events'] = []
  const listening = made.valve.events()
  void (async () => {
    for await (const event of listening) events.push(event)
  })()
  return { ...made, name, inbox: new Channel<number>(1), events }
}

/** Gives two for each it takes, and takes nothing while it waits to give. */
async function work(own: Party, to: Sender<number>): Promise<void> {
  for await (const n of own.inbox) {
    await to.send(n + 1)
    await to.send(n + 2)
  }
}

function deadlocks(...parties: Party[]) {
  return parties.map(({ events }) => events.filter(({ type }) => type === 'deadlock'))
}

for (const names of [['A'], ['A', 'B'], ['A', 'B', 'C']]) {
  test(`VAL-10: a circle of ${names.length} through channels of capacity 1 is found and named`, async t => {
    const parties = names.map(name => party(name))
    const next = (at: number): Party => parties[(at + 1) % parties.length] as Party
    for (const [at, own] of parties.entries()) own.valve.feeds(next(at).valve)
    for (const [at, own] of parties.entries()) {
      void work(own, next(at).valve.guard(next(at).inbox)).catch(() => {})
      own.inbox.trySend(0)
    }
    await waitFor(() => deadlocks(...parties).every(found => found.length > 0))
    // Another send into the same circle is no news.
    const late = parties[0]?.valve.guard(parties[0].inbox).send(9)
    late?.catch(() => {})
    await turns(6)
    for (const found of deadlocks(...parties)) {
      t.is(found.length, 1)
      const [{ path }] = found as [ValveEvent]
      t.is(path?.length, names.length + 1)
      t.is(path?.[0], path?.at(-1))
      t.deepEqual([...new Set(path)].sort(), names)
    }
  })
}

test('VAL-7: throw: the youngest send of the circle rejects, and the others get on', async t => {
  const [one, other] = [party('one', 'throw'), party('other')]
  one.valve.feeds(other.valve)
  other.valve.feeds(one.valve)
  const [toOther, toOne] = [other.valve.guard(other.inbox), one.valve.guard(one.inbox)]
  await toOther.send(1)
  await toOne.send(1)
  const first = toOther.send(2)
  const second = toOne.send(2)
  const error = await t.throwsAsync(second, { code: 'ERR_DEADLOCK' })
  t.regex(error.message, /one → other → one|other → one → other/u)
  t.is(await standing(first), 'pending')
  other.inbox.tryReceive()
  await first
  t.is(other.inbox.length, 1)
})

test('VAL-7: sends held up by the levels of each other’s channels are a circle too', async t => {
  const [one, other] = [party('one'), party('other')]
  one.valve.feeds(other.valve)
  other.valve.feeds(one.valve)
  for (const { authority, inbox } of [one, other]) authority.watch(inbox, { high: 1, low: 0 })
  const sends = [one, other].map(({ valve, inbox }) => {
    inbox.trySend(1)
    return valve.guard(inbox).send(2)
  })
  await waitFor(() => deadlocks(one, other).every(found => found.length > 0))
  t.is(await standing(Promise.race(sends)), 'pending')
  one.inbox.cancel()
  other.inbox.cancel()
  await Promise.allSettled(sends)
})

test('no circle: a chain that waits for a slow end, a lease from outside, a wait that is over by the next turn', async t => {
  const [one, other, end] = [party('one'), party('other'), party('end')]
  one.valve.feeds(other.valve)
  other.valve.feeds(end.valve)
  const sends = [other, end].map(async ({ valve, inbox }) => {
    const guarded = valve.guard(inbox)
    await guarded.send(1)
    await guarded.send(2)
  })
  await turns(5)
  other.valve.feeds(one.valve)
  const lease = one.authority.apply('outside')
  const muted = one.valve.guard(one.inbox).send(1)
  await turns(5)
  lease.release()
  await muted
  for (const { inbox } of [other, end]) inbox.tryReceive()
  await Promise.all(sends)

  const [quick, back] = [party('quick'), party('back')]
  quick.valve.feeds(back.valve)
  back.valve.feeds(quick.valve)
  await quick.valve.guard(quick.inbox).send(1)
  await back.valve.guard(back.inbox).send(1)
  const passing = [quick.valve.guard(quick.inbox).send(2), back.valve.guard(back.inbox).send(2)]
  for (const { inbox } of [quick, back]) inbox.tryReceive()
  await Promise.all(passing)
  await turns(5)
  t.deepEqual(deadlocks(one, other, end, quick, back).flat(), [])
})

test('with several above, the sender has to be named to be part of a circle', async t => {
  for (const isNamed of [false, true]) {
    const [one, other, third] = [party('one'), party('other'), party('third')]
    one.valve.feeds(other.valve)
    third.valve.feeds(other.valve)
    other.valve.feeds(one.valve)
    await other.inbox.send(1)
    await one.inbox.send(1)
    const sends = [
      other.valve.guard(other.inbox, isNamed ? { from: one.valve } : {}).send(2),
      one.valve.guard(one.inbox).send(2),
    ]
    await turns(6)
    t.is(deadlocks(one).flat().length, isNamed ? 1 : 0)
    one.inbox.cancel()
    other.inbox.cancel()
    await Promise.allSettled(sends)
  }
})

test('VAL-8: a lease whose release depends on who waits is a stall, with what is waited for', async t => {
  const [above, below] = [party('above', 'report', 5), party('below')]
  above.valve.feeds(below.valve)
  const lease = below.authority.apply('waits for an answer that is held up')
  const send = above.valve.guard(above.inbox).send(1)
  await waitFor(() => above.events.some(({ type }) => type === 'stall'))
  const stalls = above.events.filter(({ type }) => type === 'stall')
  t.like(stalls[0], { valve: 'above', path: ['above', 'below'] })
  lease.release()
  await send
})

/** Sends for as long as several stalls take. */
async function busyFor(ms: number): Promise<{ longest: number; hasStalled: boolean }> {
  const own = party('busy', 'report', 20)
  const guarded = own.valve.guard(own.inbox)
  const consuming = (async () => {
    for await (const _ of own.inbox) await turns(1)
  })()
  let longest = 0
  const began = performance.now()
  for (let last = began; last - began < ms;) {
    await guarded.send(1)
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  guarded.close()
  await consuming
  return { longest, hasStalled: own.events.some(({ type }) => type === 'stall') }
}

test('VAL-8: while something moves there is no stall', async t => {
  // A machine that is busy elsewhere may stop everything here for as long as a stall takes, and then it is one.
  let run = await busyFor(100)
  for (let tries = 1; tries < 20 && run.longest >= 19; tries++) run = await busyFor(100)
  t.true(run.longest >= 19 || !run.hasStalled, `${run.longest} ms`)
})
