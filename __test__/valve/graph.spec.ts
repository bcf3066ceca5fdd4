// The graph as data and as a drawing; what else a party may wait for; and the ways out of a wait.
import test from 'ava'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Channel, snapshot, Valve, type Sender } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Two valves that feed each other, both channels full: a send waits at the second, so any at the first closes a circle. */
function halfACircle(): { older: Promise<void>; guarded: Sender<number>; toOther: Channel<number> } {
  const [one, other] = [Valve.create({ onDeadlock: 'throw' }), Valve.create()]
  one.valve.feeds(other.valve)
  other.valve.feeds(one.valve)
  const [toOne, toOther] = [new Channel<number>(1), new Channel<number>(1)]
  toOne.trySend(0)
  toOther.trySend(0)
  const older = other.valve.guard(toOther).send(1)
  return { older, guarded: one.valve.guard(toOne), toOther }
}

test('VAL-9: who feeds whom, who holds what, and who waits for whom is in the snapshot and in the drawing', async t => {
  const [one, two, three] = ['graph one', 'graph two', 'graph three'].map(name => Valve.create({ name })) as [
    ReturnType<typeof Valve.create>,
    ReturnType<typeof Valve.create>,
    ReturnType<typeof Valve.create>,
  ]
  one.valve.feeds(two.valve)
  two.valve.feeds(three.valve)
  const [full, level] = [new Channel<number>(1), new Channel<number>(1)]
  full.trySend(0)
  level.trySend(0)
  // The first has no room at the second, the second waits for a level and a lease at the third.
  const forRoom = two.valve.guard(full).send(1)
  const watch = three.authority.watch(level, { high: 1, low: 0 })
  const lease = three.authority.apply('"disk"')
  const held = three.valve.guard(level).send(1)

  const valves = new Map(snapshot().valves.map(metrics => [metrics.name, metrics]))
  const edges = ['graph one', 'graph two', 'graph three'].map(name => {
    const { feeds = [], waitsFor = [], holders = [] } = valves.get(name) ?? {}
    return [feeds, waitsFor.map(wait => `${wait.for} ${wait.valve}`), holders.map(({ reason }) => reason)]
  })
  t.deepEqual(edges, [
    [['graph two'], ['room graph two'], []],
    [['graph three'], ['level graph three', 'lease graph three'], []],
    [[], [], ['level', '"disk"']],
  ])
  t.true(valves.get('graph one')?.waitsFor.every(({ waitedMs }) => waitedMs >= 0))
  // Plain data.
  t.deepEqual(JSON.parse(JSON.stringify([...valves.values()])), [...valves.values()])

  const drawing = one.valve.dot()
  for (const part of [
    /v\d+ \[label="graph one", style=filled\]/u,
    /v\d+ \[label="graph three\\nlevel\\n\\"disk\\"\\n1 wait", style=filled\]/u,
    /v\d+ -> v\d+\n/u,
    /v\d+ -> v\d+ \[style=dashed, label="waits for room"\]/u,
    /v\d+ -> v\d+ \[style=dashed, label="waits for a level"\]/u,
    /v\d+ -> v\d+ \[style=dashed, label="waits for a lease"\]/u,
  ]) {
    t.regex(drawing, part)
  }

  lease.release()
  watch[Symbol.dispose]()
  full.cancel()
  level.cancel()
  await Promise.allSettled([forRoom, held])
  t.deepEqual(one.valve.metrics().waitsFor, [])
})

test('VAL-6: so many sends still pass under each pressure', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(100)
  const sender = valve.guard(channel, { grace: 2 })
  for (let pressure = 0; pressure < 2; pressure++) {
    const lease = authority.apply()
    t.is(sender.availableCapacity, 2)
    t.is(sender.trySend(1), 'sent')
    await sender.send(2)
    t.is(sender.availableCapacity, 0)
    t.is(sender.trySend(3), 'full')
    const waiting = sender.send(3)
    t.is(await standing(waiting), 'pending')
    lease.release()
    await waiting
    for (let n = 0; n < 5; n++) t.is(sender.trySend(4), 'sent')
  }
  t.throws(() => valve.guard(channel, { grace: -1 }), { code: 'ERR_INVALID_OPTION' })
})

test('VAL-7: reservations that wait for room are part of a circle, and each of a crowd that waits is found', async t => {
  const { older, guarded, toOther } = halfACircle()
  const crowd = [guarded.reserve(), guarded.send(1), guarded.reserve({ count: 1 })]
  // When one has gone the circle is still there, by the next one.
  for (const outcome of await Promise.allSettled(crowd)) {
    t.is(outcome.status, 'rejected')
    if (outcome.status === 'rejected') t.like(outcome.reason, { code: 'ERR_DEADLOCK' })
  }
  t.is(await standing(older), 'pending')
  toOther.tryReceive()
  await older
})

test('VAL-7: when a send of a circle is given up before it is told, another one that waits for the same is found in its place', async t => {
  const { older, guarded, toOther } = halfACircle()
  const controller = new AbortController()
  const givenUp = guarded.send(1, { signal: controller.signal })
  const next = guarded.send(2)
  controller.abort()
  await t.throwsAsync(givenUp, { code: 'ABORT_ERR' })
  await t.throwsAsync(next, { code: 'ERR_DEADLOCK' })
  toOther.tryReceive()
  await older
})

test('VAL-7: a level that rises later closes a circle too', async t => {
  const [one, other] = [Valve.create({ name: 'one' }), Valve.create({ name: 'other' })]
  const events = one.valve.events()[Symbol.asyncIterator]()
  one.valve.feeds(other.valve)
  other.valve.feeds(one.valve)
  const [toOne, toOther] = [new Channel<number>(1), new Channel<number>(2)]
  toOne.trySend(0)
  const lease = other.authority.apply('first')
  const sends = [other.valve.guard(toOther).send(1), one.valve.guard(toOne).send(1)]
  await turns(5)
  other.authority.watch(toOther, { high: 1, low: 0 })
  for (let n = 0; n < 2; n++) toOther.trySend(n)
  lease.release()
  const types: string[] = []
  while (types.at(-1) !== 'deadlock') types.push((await events.next()).value?.type ?? 'end')
  t.pass()
  toOne.cancel()
  toOther.cancel()
  await Promise.allSettled(sends)
})

test('guard: the signal of a send that waits for room ends it with its own reason, and leaves no listener behind', async t => {
  const { valve } = Valve.create()
  const full = new Channel<number>(1)
  full.trySend(0)
  const controller = new AbortController()
  const guarded = valve.guard(full)
  const sends = [guarded.send(1, { signal: controller.signal }), guarded.reserve({ signal: controller.signal })]
  await turns(5)
  const reason = new Error('no more')
  controller.abort(reason)
  for (const send of sends) {
    t.is((await t.throwsAsync<Error>(send as Promise<unknown>, { code: 'ABORT_ERR' })).cause, reason)
  }
  t.is(full.metrics().waitingSenders, 0)
})

test('during: what is under way is attended to, also when no pressure may be applied any more', async t => {
  const { valve, authority } = Valve.create()
  const work = deferred()
  authority.revoke()
  await t.throwsAsync(authority.during(work.promise), { code: 'ERR_INVALID_AUTHORITY' })
  // Unattended, that would end the process.
  work.reject(new Error('torn'))
  await turns(5)
  t.false(valve.isUnderPressure)
  const other = Valve.create().authority
  await t.throwsAsync(other.during('no promise' as never), { code: 'ERR_INVALID_OPTION' })
})

test('times beyond what one timer takes are no short ones', async t => {
  const { valve, authority } = Valve.create({ stallAfter: 2 ** 33 })
  const events = valve.events()[Symbol.asyncIterator]()
  const lease = authority.apply('', { maxHold: 2 ** 33 })
  const send = valve.guard(new Channel<number>(1)).send(1)
  await turns(20)
  t.true(valve.isUnderPressure)
  lease.release()
  await send
  t.deepEqual([(await events.next()).value?.type, (await events.next()).value?.type], ['apply', 'release'])
  await events.return?.()
})

test('VAL-8: what stalls again after something moved is told again', async t => {
  const { valve, authority } = Valve.create({ stallAfter: 5 })
  let stalls = 0
  const listening = valve.events()
  void (async () => {
    for await (const { type } of listening) if (type === 'stall') stalls += 1
  })()
  const channel = new Channel<number>(10)
  const guarded = valve.guard(channel)
  authority.watch(channel, { high: 0.1, low: 0 })
  const sends = [1, 2, 3].map(async n => await guarded.send(n))
  await waitFor(() => stalls === 1)
  channel.tryReceive()
  await waitFor(() => stalls === 2)
  channel.tryReceive()
  await Promise.all(sends)
  t.is(channel.length, 1)
})

test('valves that come and go above one that stays are not kept by it, unless somebody waits or listens', async t => {
  const below = Valve.create({ name: 'below' })
  const lease = below.authority.apply('first')
  const refs: WeakRef<Valve>[] = []
  const woken: string[] = []
  const visit = (then: (valve: Valve) => void): void => {
    const top = Valve.create({ name: 'top' })
    const middle = Valve.create({ name: 'middle' })
    top.valve.feeds(middle.valve)
    middle.valve.feeds(below.valve)
    refs.push(new WeakRef(top.valve))
    then(top.valve)
  }
  for (let n = 0; n < 5; n++) visit(() => {})
  visit(valve => void valve.opened().then(() => woken.push('opened')))
  visit(valve => {
    const events = valve.events()
    void (async () => {
      for await (const { type } of events) woken.push(type)
    })()
  })
  const gone = () => {
    gc()
    return refs.slice(0, 5).every(ref => ref.deref() === undefined)
  }
  await waitFor(gone)
  // What is drawn is what is left: those that somebody waits for or listens to, and the one below.
  await waitFor(() => {
    gc()
    return below.valve.dot().match(/label="top/gu)?.length === 2
  })
  lease.release()
  await waitFor(() => woken.length === 2)
  t.deepEqual(woken.sort(), ['opened', 'unmuted'])
})

test('an owner that outlives many leases is listened to once, and ends those that are left', async t => {
  const { valve, authority } = Valve.create()
  const owner = new Channel<number>(1)
  let listeners = 0
  const then = owner.closed.then.bind(owner.closed)
  // oxlint-disable-next-line unicorn/no-thenable -- counts who listens
  owner.closed.then = ((...args: Parameters<typeof then>) => {
    listeners += 1
    return then(...args)
  }) as typeof then
  for (let n = 0; n < 5; n++) authority.apply('', { owner }).release()
  const settled = { closed: Promise.resolve() }
  authority.apply('one', { owner })
  authority.apply('two', { owner })
  owner.close()
  await waitFor(() => !valve.isUnderPressure)
  for (let n = 0; n < 2; n++) {
    authority.apply('', { owner: settled })
    t.true(valve.isUnderPressure)
    await turns(5)
    t.false(valve.isUnderPressure)
  }
  t.is(listeners, 1)
})

test('S2.11: what runs when pressure begins goes on; it is the next send that waits', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<string>(10)
  const guarded = valve.guard(channel)
  const run = async (): Promise<void> => {
    await guarded.send('before')
    const lease = authority.apply()
    channel.trySend('still running')
    setImmediate(() => lease.release())
    await guarded.send('after')
  }
  await run()
  t.deepEqual(
    [channel.tryReceive(), channel.tryReceive(), channel.tryReceive()].map(result => result?.value),
    ['before', 'still running', 'after'],
  )
})
