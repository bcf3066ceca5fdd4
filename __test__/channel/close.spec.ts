// How a channel ends: close from the side that sends, cancel from the side that receives.
import test from 'ava'
import { Channel, select, type DropReason } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

test('close delivers what is held and what waits, in order, and then the end', async t => {
  const channel = new Channel<number>(2)
  const sends = [1, 2, 3, 4].map(async value => channel.send(value))
  channel.close()
  t.true(channel.isClosed)
  t.is(channel.availableCapacity, 0)
  const error = await errorOf(channel.send(5))
  t.is(error.code, 'ERR_CHANNEL_CLOSED')
  t.is(error.value, 5)
  t.is(channel.trySend(5), 'closed')
  t.is(await stateOf(channel.closed), 'pending')
  const got: number[] = []
  for await (const value of channel) got.push(value)
  t.deepEqual(got, [1, 2, 3, 4])
  await Promise.all(sends)
  await channel.closed
  t.deepEqual(await channel.receive(), { value: undefined, done: true })
  t.deepEqual(channel.tryReceive(), { value: undefined, done: true })
  t.deepEqual(await channel.receiveMany(3), [])
})

test('the end is there when the last item has left, whichever way it left', async t => {
  const ways: readonly ((channel: Channel<number>) => unknown)[] = [
    channel => channel.receive(),
    channel => channel.receiveMany(5),
    channel => channel.tryReceive(),
    channel => channel[Symbol.asyncIterator]().next(),
    channel => select({ channel }),
  ]
  for (const way of ways) {
    const channel = new Channel<number>(2)
    channel.trySend(1)
    channel.close()
    t.is(await stateOf(channel.closed), 'pending')
    await way(channel)
    t.is(await stateOf(channel.closed), 'fulfilled', way.toString())
  }
})

test('close tells the end to receivers that wait', async t => {
  const channel = new Channel<number>(2)
  const receives = [channel.receive(), channel.receiveMany(3, { min: 3 }), channel[Symbol.asyncIterator]().next()]
  channel.close()
  t.deepEqual(await Promise.all(receives), [{ value: undefined, done: true }, [], { value: undefined, done: true }])
  await channel.closed
})

test('close with an error: what is held comes first, then that very error each time, and in a loop once', async t => {
  const channel = new Channel<number>(4)
  const reason = new Error('upstream broke')
  channel.trySend(1)
  const iterator = channel[Symbol.asyncIterator]()
  channel.close(reason)
  t.is((await errorOf(channel.send(2))).cause, reason)
  t.deepEqual(await iterator.next(), { value: 1, done: false })
  t.is(await errorOf(iterator.next()), reason as never)
  t.deepEqual(await iterator.next(), { value: undefined, done: true })
  t.is(await errorOf(channel.receive()), reason as never)
  t.is(await errorOf(channel.receive()), reason as never)
  t.is(await errorOf(channel.receiveMany(2)), reason as never)
  t.is(
    t.throws(() => channel.tryReceive()),
    reason,
  )
  t.is(await stateOf(channel.closed), 'fulfilled')
})

test('receivers that wait get the error, and of one iterator only the first step', async t => {
  const channel = new Channel<number>(4)
  const iterator = channel[Symbol.asyncIterator]()
  const waiting = [channel.receive(), channel.receive(), iterator.next(), iterator.next()]
  channel.close('broken')
  t.deepEqual(await statesOf(waiting), ['broken', 'broken', 'broken', 'fulfilled'])
})

test('closing twice changes nothing, not even with an error', async t => {
  const channel = new Channel<number>(4)
  channel.close()
  channel.close(new Error('too late'))
  channel.cancel('too late')
  t.deepEqual(await channel.receive(), { value: undefined, done: true })
})

test('cancel hands what is held to onDrop, refuses who waits with the value, and ends receivers', async t => {
  const drops: [string, DropReason][] = []
  const channel = new Channel<string>({ capacity: 2, onDrop: (value, reason) => drops.push([value, reason]) })
  const sends = ['a', 'b', 'c', 'd'].map(async value => channel.send(value))
  await turns(1)
  channel.cancel('no more')
  t.deepEqual(drops, [
    ['a', 'canceled'],
    ['b', 'canceled'],
  ])
  t.is(channel.metrics().dropped, 2)
  t.is(channel.length, 0)
  const refused = await errorOf(sends[2]!)
  t.is(refused.code, 'ERR_CHANNEL_CLOSED')
  t.is(refused.value, 'c')
  t.is(refused.cause, 'no more')
  t.is((await errorOf(channel.send('e'))).cause, 'no more')
  t.is(channel.trySend('e'), 'closed')
  t.is((await errorOf(sends[3]!)).value, 'd')
  t.deepEqual(await channel.receive(), { value: undefined, done: true })
})

test('a producer learns at once that nobody receives any more: by its waiting send, and by `closed`', async t => {
  const channel = new Channel<number>(1)
  channel.trySend(0)
  const send = channel.send(1)
  const { closed } = channel
  t.deepEqual(await statesOf([send, closed]), ['pending', 'pending'])
  channel.cancel()
  t.deepEqual(await statesOf([send, closed]), ['ERR_CHANNEL_CLOSED', 'fulfilled'])
})

test('cancel after close drops the rest', async t => {
  const drops: number[] = []
  const channel = new Channel<number>({ capacity: 1, onDrop: value => drops.push(value) })
  const sends = [1, 2].map(async value => channel.send(value))
  channel.close()
  const { closed } = channel
  t.is(await stateOf(closed), 'pending')
  channel.cancel()
  t.deepEqual(drops, [1])
  t.deepEqual(await statesOf([...sends, closed]), ['fulfilled', 'ERR_CHANNEL_CLOSED', 'fulfilled'])
})

test('disposal cancels', async t => {
  const drops: number[] = []
  const channel = new Channel<number>({ capacity: 1, onDrop: value => drops.push(value) })
  channel.trySend(1)
  await channel[Symbol.asyncDispose]()
  t.deepEqual(drops, [1])
  t.true(channel.isClosed)
})

test('a collector that is fed until close gets the rest at once and its loop ends', async t => {
  const channel = new Channel<number>(16)
  const batches: number[][] = []
  const collector = (async () => {
    for (;;) {
      const batch = await channel.receiveMany(100, { maxDelay: 60_000 })
      if (batch.length === 0) return
      batches.push(batch)
    }
  })()
  for (const value of [1, 2, 3]) channel.trySend(value)
  await turns(2)
  channel.close()
  await collector
  t.deepEqual(batches, [[1, 2, 3]])
  t.deepEqual(taken(channel), [])
})

test('an end travels down a chain: each stage drains, closes its output, and the last one can be awaited', async t => {
  const [first, second] = [new Channel<number>(2), new Channel<string>(2)]
  const stage = (async () => {
    for await (const value of first) await second.send(`${value}`)
    second.close()
  })()
  const got: string[] = []
  const done = (async () => {
    for await (const value of second) got.push(value)
  })()
  for (let i = 0; i < 10; i++) await first.send(i)
  first.close()
  await done
  await stage
  t.deepEqual(
    got,
    Array.from({ length: 10 }, (_, i) => `${i}`),
  )
  t.true(second.isClosed)
})
