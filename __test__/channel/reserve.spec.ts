// Permits: places that are kept free for values that don't exist yet.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

test('a permit keeps its place free, and its send is synchronous', async t => {
  const channel = new Channel<number>(2)
  const permit = await channel.reserve()
  t.is(channel.availableCapacity, 1)
  t.is(channel.trySend(1), 'sent')
  t.is(channel.trySend(2), 'full')
  permit.send(3)
  t.deepEqual(taken(channel), [1, 3])
  t.is(channel.availableCapacity, 2)
})

test('a permit of several places is good for as many sends', async t => {
  const channel = new Channel<number>(4)
  const permit = await channel.reserve({ count: 3 })
  t.is(channel.availableCapacity, 1)
  permit.send(1)
  permit.send(2)
  permit.release()
  t.is(channel.availableCapacity, 2)
  t.throws(() => permit.send(3), { code: 'ERR_PERMIT_USED' })
  permit.release()
  t.is(channel.availableCapacity, 2)
  t.deepEqual(taken(channel), [1, 2])
})

test('release, or disposal, gives the places to who waits', async t => {
  const channel = new Channel<number>(2)
  const first = await channel.reserve({ count: 2 })
  const second = channel.reserve({ count: 2 })
  const send = channel.send(1)
  t.deepEqual(await statesOf([second, send]), ['pending', 'pending'])
  first[Symbol.dispose]()
  t.deepEqual(await statesOf([second, send]), ['fulfilled', 'pending'])
  ;(await second).release()
  await send
})

test('reservations stand in the same line as sends, and a small one does not overtake a large one', async t => {
  const channel = new Channel<number>(3)
  await channel.send(0)
  await channel.send(1)
  const large = channel.reserve({ count: 3 })
  const small = channel.reserve()
  const send = channel.send(2)
  t.is(channel.trySend(3), 'full')
  t.deepEqual(await statesOf([large, small, send]), ['pending', 'pending', 'pending'])
  t.deepEqual(taken(channel), [0, 1])
  t.deepEqual(await statesOf([large, small, send]), ['fulfilled', 'pending', 'pending'])
  ;(await large).send(9)
  t.is(await stateOf(small), 'pending')
  ;(await large).release()
  await send
  t.is(await stateOf(small), 'fulfilled')
})

test('a permit’s value goes straight to a receiver that waits', async t => {
  const channel = new Channel<number>(1)
  const permit = await channel.reserve()
  const receive = channel.receive()
  permit.send(1)
  t.deepEqual(await receive, { value: 1, done: false })
  t.is(channel.availableCapacity, 1)
})

test('close waits for permits: they may still send, and the end comes after the last one', async t => {
  const channel = new Channel<number>(2)
  const [sending, unused] = [await channel.reserve(), await channel.reserve()]
  const receives = [channel.receive(), channel.receive()]
  channel.close()
  t.deepEqual(await statesOf([...receives, channel.closed]), ['pending', 'pending', 'pending'])
  sending.send(1)
  t.deepEqual(await receives[0], { value: 1, done: false })
  t.deepEqual(await statesOf([receives[1]!, channel.closed]), ['pending', 'pending'])
  unused.release()
  t.deepEqual(await receives[1], { value: undefined, done: true })
  await channel.closed
})

test('a reservation that waits when the channel closes is refused, and so wakes nobody too late', async t => {
  const channel = new Channel<number>(1)
  channel.trySend(1)
  const waiting = channel.reserve()
  const behind = channel.send(2)
  channel.close('over')
  t.is((await errorOf(waiting)).code, 'ERR_CHANNEL_CLOSED')
  t.is((await errorOf(channel.reserve())).cause, 'over')
  t.deepEqual(taken2(channel), [1, 2])
  await behind
  t.is(await stateOf(channel.closed), 'fulfilled')
})

function taken2(channel: Channel<number>): number[] {
  return [channel.tryReceive()?.value ?? -1, channel.tryReceive()?.value ?? -1]
}

test('after cancel a permit’s send is refused with the value', async t => {
  const channel = new Channel<number>(1)
  const permit = await channel.reserve()
  channel.cancel('gone')
  const error = t.throws(() => permit.send(1)) as Error & { code: string; value: number }
  t.is(error.code, 'ERR_CHANNEL_CLOSED')
  t.is(error.value, 1)
  t.is(error.cause, 'gone')
  permit.release()
  t.is(await stateOf(channel.closed), 'fulfilled')
})

test('an aborted or late reservation leaves no place taken', async t => {
  const channel = new Channel<number>(1)
  channel.trySend(0)
  const controller = new AbortController()
  const aborted = channel.reserve({ signal: controller.signal })
  const late = channel.reserve({ timeout: 5 })
  controller.abort()
  t.is(await stateOf(aborted), 'ABORT_ERR')
  t.is((await errorOf(late)).code, 'ERR_TIMEOUT')
  t.deepEqual(taken(channel), [0])
  await turns(1)
  t.is(channel.availableCapacity, 1)
})

test('more places than there are would wait for ever: an error at once, also for who waits while the channel shrinks', async t => {
  const channel = new Channel<number>(2)
  for (const count of [0, 3, 1.5, null as never])
    t.is((await errorOf(channel.reserve({ count }))).code, 'ERR_INVALID_OPTION')
  t.is((await errorOf(new Channel<number>(0).reserve())).code, 'ERR_INVALID_OPTION')
  channel.trySend(1)
  const waiting = channel.reserve({ count: 2 })
  const send = channel.send(2)
  t.deepEqual(await statesOf([waiting, send]), ['pending', 'pending'])
  channel.resize(1)
  t.is(await stateOf(waiting), 'ERR_INVALID_OPTION')
  t.deepEqual(taken(channel), [1, 2])
  await send
})
