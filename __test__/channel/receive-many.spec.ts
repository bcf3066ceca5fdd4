// Several items with one promise.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

test('it takes what is there, up to the maximum, and waits only for the first', async t => {
  const channel = new Channel<number>(8)
  for (const value of [1, 2, 3]) channel.trySend(value)
  t.deepEqual(await channel.receiveMany(2), [1, 2])
  t.deepEqual(await channel.receiveMany(9), [3])
  const waiting = channel.receiveMany(9)
  t.is(await stateOf(waiting), 'pending')
  channel.trySend(4)
  t.deepEqual(await waiting, [4])
})

test('it takes from the hands of waiting senders too, in order', async t => {
  const channel = new Channel<number>(2)
  const sends = [1, 2, 3, 4, 5].map(async value => channel.send(value))
  t.deepEqual(await channel.receiveMany(4), [1, 2, 3, 4])
  t.deepEqual(await channel.receiveMany(4), [5])
  await Promise.all(sends)
  const rendezvous = new Channel<number>(0)
  const handed = [1, 2, 3].map(async value => rendezvous.send(value))
  t.deepEqual(await rendezvous.receiveMany(9), [1, 2, 3])
  await Promise.all(handed)
})

test('batches grow by themselves while the consumer is busy, and a single item is not held back', async t => {
  const channel = new Channel<number>(100)
  const sizes: number[] = []
  const consumer = (async () => {
    for (let batch = await channel.receiveMany(50); batch.length > 0; batch = await channel.receiveMany(50)) {
      sizes.push(batch.length)
      await turns(5)
    }
  })()
  channel.trySend(0)
  await turns(3)
  t.deepEqual(sizes, [1])
  for (let i = 0; i < 60; i++) channel.trySend(i)
  await turns(12)
  t.deepEqual(sizes, [1, 50, 10])
  channel.close()
  await consumer
})

test('`min` is waited for, and what has come so far stays in the channel', async t => {
  const channel = new Channel<number>(8)
  const many = channel.receiveMany(5, { min: 3 })
  channel.trySend(1)
  channel.trySend(2)
  t.is(await stateOf(many), 'pending')
  t.is(channel.length, 2)
  channel.trySend(3)
  t.deepEqual(await many, [1, 2, 3])
})

test('a full channel is not waited beyond: nothing could come', async t => {
  const channel = new Channel<number>(2)
  const many = channel.receiveMany(5, { min: 5 })
  channel.trySend(1)
  t.is(await stateOf(many), 'pending')
  channel.trySend(2)
  t.deepEqual(await many, [1, 2])
  const weighed = new Channel<number>({ capacity: 9, maxBytes: 10, sizeOf: value => value })
  const next = weighed.receiveMany(5, { min: 5 })
  weighed.trySend(6)
  t.is(await stateOf(next), 'pending')
  const send = weighed.send(7)
  t.deepEqual(await next, [6])
  await send
  t.deepEqual(taken(weighed), [7])
})

test('`maxDelay` counts from the first item, and a later one does not start it again', async t => {
  const channel = new Channel<number>(Infinity)
  let last = 0
  const many = channel.receiveMany(Infinity, { maxDelay: 40 })
  channel.trySend(0)
  const began = performance.now()
  // A steady trickle: a timer that each item restarts would never fire.
  const progress = { isOver: false }
  void many.then(() => (progress.isOver = true))
  while (!progress.isOver && performance.now() - began < 5000) {
    channel.trySend(++last)
    await turns(20)
  }
  const waited = performance.now() - began
  t.true((await many).length > 1)
  t.true(waited >= 38 && waited < 1000, `${waited} ms`)
})

test('`maxDelay` gives what is there even when that is less than `min`, never nothing', async t => {
  const channel = new Channel<number>(100)
  const many = channel.receiveMany(10, { min: 5, maxDelay: 5 })
  await turns(2)
  t.is(channel.metrics().waitingReceivers, 1)
  channel.trySend(1)
  t.deepEqual(await many, [1])
  t.deepEqual(await settledWithin(channel.receiveMany(3, { maxDelay: 5, timeout: 30 })), 'ERR_TIMEOUT')
})

async function settledWithin(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise)).code
}

test('with `maxDelay` a full batch does not wait for it', async t => {
  const channel = new Channel<number>(100)
  const many = channel.receiveMany(3, { maxDelay: 60_000 })
  for (let i = 0; i < 5; i++) channel.trySend(i)
  t.deepEqual(await many, [0, 1, 2])
  t.deepEqual(taken(channel), [3, 4])
})

test('with `maxDelay`, a burst of three times 200 makes batches of 100', async t => {
  const channel = new Channel<number>(1000)
  const sizes: number[] = []
  const consumer = (async () => {
    for (;;) {
      const batch = await channel.receiveMany(100, { maxDelay: 50 })
      if (batch.length === 0) return
      sizes.push(batch.length)
    }
  })()
  for (let burst = 0; burst < 3; burst++) {
    for (let i = 0; i < 200; i++) channel.trySend(i)
    await turns(5)
  }
  t.deepEqual(sizes, [100, 100, 100, 100, 100, 100])
  channel.close()
  await consumer
})

test.serial('no timer is left behind, and none runs while nothing is there', async t => {
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  const channel = new Channel<number>(10)
  const many = channel.receiveMany(3, { maxDelay: 60_000 })
  t.is(timers(), before)
  channel.trySend(1)
  t.is(timers(), before + 1)
  channel.close()
  t.deepEqual(await many, [1])
  t.is(timers(), before)
})

test('what is no count is an error that names it', async t => {
  const channel = new Channel<number>(10)
  for (const [max, options] of [
    [0, {}],
    [1.5, {}],
    [3, { min: 4 }],
    [3, { min: 0 }],
    [3, { maxDelay: -1 }],
    [3, { maxDelay: NaN }],
  ] as const) {
    t.is((await errorOf(channel.receiveMany(max, options))).code, 'ERR_INVALID_OPTION')
  }
  channel.trySend(1)
  t.deepEqual(await channel.receiveMany(Infinity), [1])
  t.deepEqual(await statesOf([channel.receiveMany(Infinity)]), ['pending'])
})
