// Pressure: who may apply it, what ends it, how it climbs, and what it holds up.
import test from 'ava'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Channel, PressureAuthority, snapshot, SluiceError, Valve, WorkQueue } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

test('VAL-1, S2.7: pressure is counted: two applies need two releases, and a second release does nothing', async t => {
  const { valve, authority } = Valve.create({ name: 'disk' })
  t.false(valve.isUnderPressure)
  const one = authority.apply('one')
  const other = authority.apply('other')
  t.deepEqual(
    valve.holders().map(({ reason }) => reason),
    ['one', 'other'],
  )
  const opened = valve.opened()
  one.release()
  one.release()
  t.true(valve.isUnderPressure)
  t.is(await standing(opened), 'pending')
  other[Symbol.dispose]()
  t.false(valve.isUnderPressure)
  await opened
  await valve.opened({ timeout: 0 })
})

test('VAL-10: leases are released in any order', t => {
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    const { valve, authority } = Valve.create()
    const leases = [authority.apply(), authority.apply(), authority.apply()]
    for (const [count, at] of order.entries()) {
      t.true(valve.isUnderPressure, String(count))
      leases[at]?.release()
    }
    t.false(valve.isUnderPressure)
  }
})

test('VAL-1, VAL-10: an authority can be neither made, copied nor used for another valve', t => {
  const { valve, authority } = Valve.create()
  const code = { instanceOf: SluiceError, code: 'ERR_INVALID_AUTHORITY' }
  const Forged = PressureAuthority as unknown as new (...args: unknown[]) => PressureAuthority
  t.throws(() => new Forged(), code)
  t.throws(() => new Forged(Symbol('mint'), {}), code)
  t.throws(() => new (Valve as unknown as new () => Valve)(), code)
  // oxlint-disable-next-line typescript/unbound-method -- called on what is no authority
  const { apply, revoke } = PressureAuthority.prototype
  const copy = Object.assign(Object.create(PressureAuthority.prototype), structuredClone(authority))
  for (const wrong of [{}, copy, valve]) {
    t.throws(() => apply.call(wrong as PressureAuthority), code)
    t.throws(() => revoke.call(wrong as PressureAuthority), code)
  }
  const other = Valve.create()
  authority.apply()
  t.false(other.valve.isUnderPressure)
})

test('a revoked authority releases what it had applied, and is no good any more', t => {
  const { valve, authority } = Valve.create({ name: 'gate' })
  authority.apply()
  authority.apply()
  authority.revoke()
  t.false(valve.isUnderPressure)
  t.throws(() => authority.apply(), { code: 'ERR_INVALID_AUTHORITY', message: /gate/u })
})

test('VAL-2, S2.13: the end of its owner releases a lease: an abort, a channel, a failed promise', async t => {
  const { valve, authority } = Valve.create()
  const controller = new AbortController()
  authority.apply('signal', { owner: controller.signal })
  t.true(valve.isUnderPressure)
  controller.abort()
  t.false(valve.isUnderPressure)
  authority.apply('late', { owner: controller.signal })
  t.false(valve.isUnderPressure)
  const channel = new Channel<number>(1)
  authority.apply('channel', { owner: channel })
  channel.close()
  await waitFor(() => !valve.isUnderPressure)
  const failing = deferred()
  authority.apply('failing', { owner: { closed: failing.promise } })
  t.true(valve.isUnderPressure)
  failing.reject(new Error('gone'))
  await waitFor(() => !valve.isUnderPressure)
})

test('VAL-2: maxHold ends a lease, and a released one leaves no timer', async t => {
  const { valve, authority } = Valve.create()
  authority.apply('short', { maxHold: 5 })
  t.true(valve.isUnderPressure)
  await waitFor(() => !valve.isUnderPressure)
  authority.apply('long', { maxHold: 1_000_000 }).release()
  t.false(valve.isUnderPressure)
})

test.serial('VAL-10: a lease that is lost is released, with a warning', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const { valve, authority } = Valve.create()
  const lose = (): void => void authority.apply('forgotten')
  lose()
  await turns(1)
  await waitFor(() => {
    gc()
    return !valve.isUnderPressure
  })
  await waitFor(() => warnings.length === 1)
  t.regex(warnings[0] ?? '', /lost without being released: forgotten/u)
})

test('VAL-4, S2.9: pressure climbs to every valve above, and leaves with the last cause', async t => {
  const [top, middle, bottom, side] = [Valve.create(), Valve.create(), Valve.create(), Valve.create()]
  top.valve.feeds(middle.valve)
  middle.valve.feeds(bottom.valve).feeds(side.valve)
  const lease = bottom.authority.apply('bottom')
  const beside = side.authority.apply('side')
  t.deepEqual(
    [top, middle, bottom, side].map(({ valve }) => valve.isUnderPressure),
    [true, true, true, true],
  )
  t.deepEqual(
    top.valve
      .holders()
      .map(({ reason }) => reason)
      .sort(),
    ['bottom', 'side'],
  )
  lease.release()
  t.deepEqual(
    [top, middle, bottom, side].map(({ valve }) => valve.isUnderPressure),
    [true, true, false, true],
  )
  const opened = top.valve.opened()
  beside.release()
  await opened
  t.false(middle.valve.isUnderPressure)
})

test('VAL-4: a circle of valves does not hold itself closed, and nobody mutes itself', t => {
  const [one, other] = [Valve.create(), Valve.create()]
  one.valve.feeds(other.valve).feeds(one.valve)
  other.valve.feeds(one.valve)
  const lease = one.authority.apply()
  t.true(other.valve.isUnderPressure)
  lease.release()
  t.false(one.valve.isUnderPressure)
  t.false(other.valve.isUnderPressure)
})

test('guard: sends wait under pressure, in order, and then go', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(10)
  const guarded = valve.guard(channel)
  await guarded.send(0)
  const lease = authority.apply()
  const sends = [guarded.send(1), guarded.send(2)]
  t.is(guarded.trySend(3), 'full')
  t.is(guarded.availableCapacity, 0)
  t.is(await standing(Promise.all(sends)), 'pending')
  t.is(valve.metrics().mutedSenders, 2)
  t.is(channel.length, 1)
  lease.release()
  t.is(guarded.trySend(3), 'full')
  await Promise.all(sends)
  t.is(guarded.trySend(3), 'sent')
  t.deepEqual(await channel.receiveMany(10), [0, 1, 2, 3])
  t.is(valve.metrics().mutedSenders, 0)
})

test('guard: close and permits that are held already pass; what waits goes before the close', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(10)
  const guarded = valve.guard(channel)
  const permit = await guarded.reserve()
  authority.apply()
  permit.send(1)
  const waiting = guarded.send(2)
  guarded.close()
  await waiting
  t.true(guarded.isClosed)
  t.deepEqual(await channel.receiveMany(10), [1, 2])
  t.is(guarded.trySend(3), 'closed')
  await t.throwsAsync(guarded.send(3), { code: 'ERR_CHANNEL_CLOSED' })
  await guarded.closed
})

test('guard: a send that waits is refused when the channel ends otherwise', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(10)
  const guarded = valve.guard(channel)
  authority.apply()
  const waiting = guarded.send(2)
  channel.cancel()
  await t.throwsAsync(waiting, { code: 'ERR_CHANNEL_CLOSED' })
})

test('guard: signal and timeout end the wait, and leave the others in their order', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(1)
  const guarded = valve.guard(channel)
  const lease = authority.apply()
  const controller = new AbortController()
  const [aborted, late, last] = [
    guarded.send(1, { signal: controller.signal }),
    guarded.send(2, { timeout: 5 }),
    guarded.send(3),
  ]
  await t.throwsAsync(guarded.send(0, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  controller.abort()
  await t.throwsAsync(aborted, { code: 'ABORT_ERR' })
  await t.throwsAsync(late, { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(guarded.send(4, { signal: controller.signal }), { code: 'ABORT_ERR' })
  lease.release()
  await last
  t.deepEqual(await channel.receive(), { done: false, value: 3 })
  await guarded.send(5)
  await t.throwsAsync(guarded.send(6, { signal: AbortSignal.timeout(5) }), { code: 'ABORT_ERR' })
  await t.throwsAsync(valve.opened({ signal: controller.signal }), { code: 'ABORT_ERR' })
  authority.apply('again')
  await t.throwsAsync(valve.opened({ timeout: 5 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(valve.opened({ timeout: 0 }), { code: 'ERR_TIMEOUT' })
})

test.serial(
  'VAL-3, S2.6: watch applies at the high mark and releases at the low one, and never in between',
  async t => {
    const { valve, authority } = Valve.create()
    const channel = new Channel<number>(10)
    const watching = authority.watch(channel, { high: 0.8, low: 0.3 })
    const levels: boolean[] = []
    for (let n = 0; n < 10; n++) {
      channel.trySend(n)
      levels.push(valve.isUnderPressure)
    }
    t.deepEqual(levels, [false, false, false, false, false, false, false, true, true, true])
    levels.length = 0
    for (let n = 0; n < 10; n++) {
      channel.tryReceive()
      levels.push(valve.isUnderPressure)
    }
    t.deepEqual(levels, [true, true, true, true, true, true, false, false, false, false])
    for (let n = 0; n < 10; n++) channel.trySend(n)
    t.true(valve.isUnderPressure)
    watching[Symbol.dispose]()
    t.false(valve.isUnderPressure)
    const late = authority.watch(channel, { high: 0.8, low: 0.3 })
    t.true(valve.isUnderPressure)
    channel.cancel()
    t.false(valve.isUnderPressure)
    late[Symbol.dispose]()
    t.false(process.getActiveResourcesInfo().includes('Timeout'))
  },
)

test('VAL-3: release while the level is still high opens nothing', t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(2)
  authority.watch(channel, { high: 1, low: 0 })
  const lease = authority.apply('manual')
  channel.trySend(1)
  channel.trySend(2)
  lease.release()
  t.true(valve.isUnderPressure)
  channel.tryReceive()
  t.true(valve.isUnderPressure)
  channel.tryReceive()
  t.false(valve.isUnderPressure)
})

test('watch: the line of a queue, by the jobs that wait', async t => {
  const { valve, authority } = Valve.create()
  const gate = deferred()
  const queue = new WorkQueue<number>(async () => await gate.promise, { concurrency: 1, capacity: 4 })
  authority.watch(queue, { high: 0.75, low: 0 })
  for (const job of [0, 1, 2]) queue.tryOffer(job)
  t.false(valve.isUnderPressure)
  queue.tryOffer(3)
  t.true(valve.isUnderPressure)
  gate.resolve()
  await valve.opened()
  await queue.close()
})

test('a guarded channel that is watched moves everything, and stays below its high mark', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(10)
  authority.watch(channel, { high: 0.5, low: 0.2 })
  const guarded = valve.guard(channel)
  let most = 0
  const producing = (async () => {
    for (let n = 0; n < 500; n++) {
      await guarded.send(n)
      most = Math.max(most, channel.length)
    }
    guarded.close()
  })()
  const seen: number[] = []
  for await (const n of channel) seen.push(n)
  await producing
  t.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, n) => n),
  )
  t.true(most <= 5, String(most))
})

test('a crowd of sends that may go stops at the high mark', async t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(10)
  authority.watch(channel, { high: 0.5, low: 0.2 })
  const guarded = valve.guard(channel)
  const lease = authority.apply()
  const sends = Array.from({ length: 10 }, async (_, n) => await guarded.send(n))
  lease.release()
  await turns(3)
  t.is(channel.length, 5)
  t.is(valve.metrics().mutedSenders, 5)
  const seen = await channel.receiveMany(10)
  while (seen.length < 10) seen.push(...(await channel.receiveMany(10)))
  await Promise.all(sends)
  t.deepEqual(
    seen,
    Array.from({ length: 10 }, (_, n) => n),
  )
})

test('VAL-5: who waits is woken in order, and a crowd not before the event loop had its turn', async t => {
  const { valve, authority } = Valve.create()
  const lease = authority.apply()
  const order: number[] = []
  const all = Array.from({ length: 100 }, async (_, at) => {
    await valve.opened()
    order.push(at)
  })
  lease.release()
  await Promise.all(all)
  t.deepEqual(
    order,
    Array.from({ length: 100 }, (_, at) => at),
  )
})

test('opened() is true when it comes: pressure that was applied in between is waited for', async t => {
  const { valve, authority } = Valve.create()
  const first = authority.apply()
  const opened = valve.opened()
  first.release()
  const second = authority.apply()
  t.is(await standing(opened), 'pending')
  second.release()
  await opened
  t.pass()
})

test('events tell what happened, in order, and a slow listener what it missed', async t => {
  const [above, below] = [Valve.create({ name: 'above' }), Valve.create({ name: 'below' })]
  above.valve.feeds(below.valve)
  const own = below.valve.events()[Symbol.asyncIterator]()
  const upper = above.valve.events({ capacity: 1 })[Symbol.asyncIterator]()
  const lease = below.authority.apply('x')
  lease.release()
  lease.release()
  below.authority.apply('y')
  const types: unknown[] = []
  for (let i = 0; i < 3; i++) types.push((await own.next()).value.type)
  t.deepEqual(types, ['apply', 'release', 'apply'])
  t.like((await upper.next()).value, { type: 'lagged', missed: 2 })
  t.like((await upper.next()).value, { type: 'muted', valve: 'above' })
  await own.return?.()
  await upper.return?.()
})

test('metrics, snapshot and dot show the graph', t => {
  const [above, below] = [Valve.create({ name: 'valve above' }), Valve.create({ name: 'valve below' })]
  above.valve.feeds(below.valve)
  below.authority.apply('slow "disk"')
  t.like(below.valve.metrics(), { kind: 'valve', name: 'valve below', leases: 1, mutedSenders: 0, feeds: [] })
  t.like(above.valve.metrics(), { leases: 0, feeds: ['valve below'] })
  t.true(above.valve.metrics().appliedMs >= 0)
  t.deepEqual(
    snapshot()
      .valves.filter(({ name }) => name.startsWith('valve '))
      .map(({ name }) => name),
    ['valve above', 'valve below'],
  )
  const dot = above.valve.dot()
  t.regex(dot, /^digraph valves \{\n/u)
  t.regex(dot, /v\d+ -> v\d+/u)
  t.true(dot.includes(String.raw`slow \"disk\"`), dot)
})

test('bad options are errors that name them', t => {
  const { valve, authority } = Valve.create()
  const channel = new Channel<number>(1)
  for (const [act, name] of [
    [() => Valve.create({ name: 1 as never }), 'name'],
    [() => Valve.create({ onDeadlock: 'panic' as never }), 'onDeadlock'],
    [() => Valve.create({ stallAfter: 0 }), 'stallAfter'],
    [() => authority.apply(1 as never), 'reason'],
    [() => authority.apply('', { maxHold: -1 }), 'maxHold'],
    [() => authority.apply('', { owner: {} as never }), 'owner'],
    [() => authority.watch(channel, { high: 2, low: 0 }), 'high'],
    [() => authority.watch(channel, { high: 0.5, low: 0.5 }), 'low'],
    [() => authority.watch({} as never, { high: 1, low: 0 }), 'source'],
    [() => valve.feeds({} as never), 'downstream'],
    [() => valve.guard({} as never), 'sender'],
    [() => valve.guard(channel, { from: {} as never }), 'from'],
  ] as const) {
    const error = t.throws(act, { code: 'ERR_INVALID_OPTION' })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
})
