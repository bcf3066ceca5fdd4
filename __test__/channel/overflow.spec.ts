// What happens with a value that finds the channel full: the four policies, and that none of them is silent.
import test from 'ava'
import { Channel, type DropReason } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

function dropping<T>(overflow: 'drop-newest' | 'drop-oldest', capacity: number) {
  const drops: [T, DropReason][] = []
  const channel = new Channel<T>({ capacity, overflow, onDrop: (value, reason) => drops.push([value, reason]) })
  return { channel, drops }
}

test("'block' keeps the order and loses nothing", async t => {
  const channel = new Channel<number>({ capacity: 2, overflow: 'block' })
  const sends = Array.from({ length: 20 }, async (_, i) => channel.send(i))
  t.deepEqual(
    taken(channel),
    Array.from({ length: 20 }, (_, i) => i),
  )
  await Promise.all(sends)
  t.is(channel.metrics().dropped, 0)
})

test("trySend tells full from closed, and 'block' never drops by it", t => {
  const channel = new Channel<number>(1)
  t.is(channel.trySend(1), 'sent')
  t.is(channel.trySend(2), 'full')
  channel.close()
  t.is(channel.trySend(3), 'closed')
  t.deepEqual(taken(channel), [1])
})

test("'drop-newest': send fulfils, trySend says 'dropped', and each drop is told and counted", async t => {
  const { channel, drops } = dropping<number>('drop-newest', 2)
  for (const value of [1, 2, 3]) await channel.send(value)
  t.is(channel.trySend(4), 'dropped')
  t.deepEqual(drops, [
    [3, 'newest'],
    [4, 'newest'],
  ])
  t.is(channel.metrics().dropped, 2)
  t.is(channel.metrics().sent, 2)
  t.deepEqual(taken(channel), [1, 2])
})

test("'drop-oldest': the oldest items make room, as many as the bytes need", async t => {
  const { channel, drops } = dropping<number>('drop-oldest', 2)
  for (const value of [1, 2, 3]) await channel.send(value)
  t.is(channel.trySend(4), 'sent')
  t.deepEqual(drops, [
    [1, 'oldest'],
    [2, 'oldest'],
  ])
  t.deepEqual(taken(channel), [3, 4])
  t.deepEqual({ ...channel.metrics(), sendWaitMs: 0 }.received, 2)

  const lost: number[] = []
  const weighed = new Channel<number>({
    capacity: 10,
    maxBytes: 10,
    sizeOf: value => value,
    overflow: 'drop-oldest',
    onDrop: value => lost.push(value),
  })
  for (const value of [2, 3, 5, 7]) await weighed.send(value)
  t.deepEqual(lost, [2, 3, 5])
  await weighed.send(20)
  t.deepEqual(lost, [2, 3, 5, 7])
  t.deepEqual(taken(weighed), [20])
})

test("'drop-oldest' waits where only permits are in the way, for those hold nothing to drop", async t => {
  const { channel, drops } = dropping<number>('drop-oldest', 2)
  const permit = await channel.reserve({ count: 2 })
  const send = channel.send(1)
  t.is(channel.trySend(2), 'full')
  t.is(await stateOf(send), 'pending')
  permit.release()
  await send
  t.deepEqual(drops, [])
  const again = await channel.reserve({ count: 2 })
  t.deepEqual(drops, [[1, 'oldest']])
  again.release()
})

test("'drop-oldest' does not let a send overtake a reservation that waits", async t => {
  const { channel, drops } = dropping<number>('drop-oldest', 2)
  const permit = await channel.reserve()
  channel.trySend(1)
  const reservation = channel.reserve({ count: 2 })
  const send = channel.send(2)
  t.is(channel.trySend(3), 'full')
  t.deepEqual(await statesOf([reservation, send]), ['pending', 'pending'])
  t.deepEqual(drops, [])
  permit.release()
  t.deepEqual(channel.tryReceive(), { value: 1, done: false })
  t.deepEqual(await statesOf([reservation, send]), ['fulfilled', 'pending'])
  ;(await reservation).release()
  await send
})

test("'error': send rejects with the value, trySend says 'full'", async t => {
  const channel = new Channel<string>({ capacity: 1, overflow: 'error', name: 'jobs' })
  await channel.send('a')
  const error = await errorOf(channel.send('b'))
  t.is(error.code, 'ERR_CHANNEL_FULL')
  t.is(error.value, 'b')
  t.regex(error.message, /"jobs".*1/u)
  t.is(channel.trySend('c'), 'full')
  t.is((await errorOf(channel.reserve())).code, 'ERR_CHANNEL_FULL')
  t.deepEqual(taken(channel), ['a'])
})

test('receivers that wait are served before anything is dropped', async t => {
  for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
    const { channel, drops } = dropping<number>(overflow, 1)
    const receives = [channel.receive(), channel.receive()]
    for (const value of [1, 2, 3]) channel.trySend(value)
    t.deepEqual(drops, [])
    t.deepEqual(
      (await Promise.all(receives)).map(({ value }) => value),
      [1, 2],
    )
    t.deepEqual(taken(channel), [3])
    const many = channel.receiveMany(9, { min: 9 })
    channel.trySend(4)
    channel.trySend(5)
    t.deepEqual(await many, [4])
    t.deepEqual(drops, [])
    t.deepEqual(taken(channel), [5])
  }
})

test('what is dropped under load follows the real room: nothing while there is some, and no more than the excess', async t => {
  const { channel, drops } = dropping<number>('drop-newest', 8)
  const got: number[] = []
  const consumer = (async () => {
    for await (const value of channel) {
      got.push(value)
      await turns(2)
    }
  })()
  for (let i = 0; i < 8; i++) channel.trySend(i)
  t.is(drops.length, 0)
  for (let i = 8; i < 200; i++) {
    channel.trySend(i)
    await turns(1)
  }
  channel.close()
  await consumer
  t.true(drops.length > 20)
  t.is(got.length + drops.length, 200)
  t.deepEqual(
    [...got, ...drops.map(([value]) => value)].sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i),
  )
  t.deepEqual(
    got,
    [...got].sort((a, b) => a - b),
  )
})

test('at ten times the load: what is held stays within the bound, and the channel recovers when it is over', async t => {
  const { channel, drops } = dropping<number>('drop-oldest', 16)
  let most = 0
  let got = 0
  const consumer = (async () => {
    for await (const _ of channel) {
      got++
      await turns(1)
    }
  })()
  for (let round = 0; round < 500; round++) {
    for (let i = 0; i < 10; i++) channel.trySend(i)
    most = Math.max(most, channel.length)
    await turns(1)
  }
  t.is(most, 16)
  await turns(40)
  t.is(channel.length, 0)
  const before = drops.length
  for (let i = 0; i < 50; i++) {
    channel.trySend(i)
    await turns(2)
  }
  t.is(drops.length, before)
  channel.close()
  await consumer
  t.is(got + drops.length, 5050)
})
