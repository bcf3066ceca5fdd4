// Batches of a channel: what nobody asked for stays in it.
import test, { type ExecutionContext } from 'ava'
import { batch, Channel } from '../../index.ts'
import { turn } from '../../src/turn.ts'
import { standing } from '../helpers/deferred.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns } from '../helpers/wait-for.ts'

function manualClock(t: ExecutionContext): ManualClock {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  return clock
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

test('S3.12: a burst while the consumer is busy is the next batch as a whole, senders that wait for room included', async t => {
  const channel = new Channel<number>(16)
  const sizes: number[] = []
  const loop = (async () => {
    for await (const items of batch(channel, { maxSize: 100 })) {
      sizes.push(items.length)
      if (sizes.length > 1) continue
      void Promise.all(range(1, 81).map(item => channel.send(item)))
      await turns()
    }
  })()
  await channel.send(0)
  await turns(3)
  channel.close()
  await loop
  t.deepEqual(sizes, [1, 80])
})

test('leaving the loop leaves the channel open, and nothing that was not handed out is lost', async t => {
  for (const maxDelay of [undefined, 1000]) {
    const channel = new Channel<number>(100)
    for (const item of range(0, 30)) channel.trySend(item)
    const taken: number[] = []
    for await (const items of batch(channel, { maxSize: 10, ...(maxDelay === undefined ? {} : { maxDelay }) })) {
      taken.push(...items)
      if (taken.length >= 10) break
    }
    t.false(channel.isClosed)
    for (const item of range(30, 35)) channel.trySend(item)
    channel.close()
    for await (const item of channel) taken.push(item)
    t.deepEqual(taken, range(0, 35))
  }
})

test.serial('a batch that goes out at its deadline leaves no read behind that could take an item', async t => {
  const clock = manualClock(t)
  const channel = new Channel<number>(10)
  const batches = batch(channel, { maxSize: 10, maxDelay: 50 })[Symbol.asyncIterator]()
  const first = batches.next()
  await channel.send(1)
  await clock.advance(50)
  t.deepEqual((await first).value, [1])
  t.is(channel.metrics().waitingReceivers, 0)
  await channel.send(2)
  await turns()
  t.is(channel.length, 1)
  await batches.return?.()
  t.deepEqual(channel.tryReceive(), { done: false, value: 2 })
})

test.serial('S3.9: the deadline holds for items that came while the consumer was busy', async t => {
  const clock = manualClock(t)
  const channel = new Channel<number>(100)
  const batches = batch(channel, { maxSize: 10, maxDelay: 50 })[Symbol.asyncIterator]()
  const first = batches.next()
  await channel.send(0)
  await clock.advance(50)
  await first
  await clock.advance(10)
  await channel.send(1)
  await clock.advance(30)
  const second = batches.next()
  t.is(await standing(second), 'pending')
  // 50 ms after the channel was last seen empty, so no later than 50 ms after the item came.
  await clock.advance(20)
  t.deepEqual((await second).value, [1])
})

test('S3.10, BAT-7: a channel that is closed gives its rest at once; one that is closed with an error gives that after it', async t => {
  for (const error of [undefined, new Error('lost')]) {
    const channel = new Channel<number>(10)
    const batches = batch(channel, { maxSize: 10, maxDelay: 60_000 })[Symbol.asyncIterator]()
    const first = batches.next()
    await channel.send(1)
    t.is(await standing(first), 'pending')
    channel.close(error)
    t.deepEqual((await first).value, [1])
    if (error === undefined) t.true((await batches.next()).done)
    else t.is(await t.throwsAsync(batches.next()), error)
    t.true((await batches.next()).done)
  }
})

test('return() answers at once while next() is parked, and the channel keeps its other receivers', async t => {
  const channel = new Channel<number>(10)
  const batches = batch(channel, { maxSize: 10 })[Symbol.asyncIterator]()
  const parked = batches.next()
  const other = channel.receive()
  t.is(channel.metrics().waitingReceivers, 2)
  await batches.return?.()
  t.true((await parked).done)
  await channel.send(1)
  t.deepEqual(await other, { done: false, value: 1 })
})

test('return() loses no item that a parked next() has been given, or is just being given', async t => {
  for (const sent of [[1], [1, 2], [1, 2, 3]]) {
    const channel = new Channel<number>(10)
    const batches = batch(channel, { maxSize: 10, maxDelay: 60_000 })[Symbol.asyncIterator]()
    const [parked, behind] = [batches.next(), batches.next()]
    for (const item of sent) {
      // The last one is on its way when the loop is left.
      await turns(1)
      channel.trySend(item)
    }
    t.deepEqual(await batches.return?.(), { done: true, value: undefined })
    t.deepEqual(await parked, { done: false, value: sent })
    t.true((await behind).done)
    t.deepEqual([channel.length, channel.metrics().waitingReceivers], [0, 0])
  }
})

test('an item that is on its way when the deadline comes goes out with the batch, and none is lost if the loop is left just then', async t => {
  const channel = new Channel<number>(10)
  const batches = batch(channel, { maxSize: 10, maxDelay: 20 })[Symbol.asyncIterator]()
  const first = batches.next()
  await channel.send(1)
  await turns()
  // The deadline passes, and with the turn spent the next item is handed over only after the timers had theirs.
  for (const until = performance.now() + 40; performance.now() < until;);
  turn.charge(2 ** 22)
  channel.trySend(2)
  const { value } = await first
  await batches.return?.()
  await turns(2)
  channel.close()
  const rest: number[] = []
  for await (const item of channel) rest.push(item)
  t.deepEqual([...(value ?? []), ...rest], [1, 2])
})

test('what was taken for other batches than the one that was handed out goes back when the loop is left', async t => {
  const cases = [
    { options: { maxSize: 3, key: (item: number) => item % 2 }, batch: [0, 2, 4], rest: [1, 3, 5, 6] },
    { options: { maxSize: 9, maxBytes: 10, sizeOf: (item: number) => item }, batch: [0, 1, 2, 3, 4], rest: [5, 6] },
  ]
  for (const one of cases) {
    const channel = new Channel<number>(7)
    for (const item of range(0, 7)) channel.trySend(item)
    for await (const items of batch(channel, one.options)) {
      t.deepEqual(items, one.batch)
      break
    }
    t.is(channel.metrics().received, one.batch.length)
    t.deepEqual(await channel.receiveMany(10), one.rest)
  }
})

test('what goes back to a channel that has ended meanwhile is told to onDrop', async t => {
  const dropped: unknown[] = []
  const channel = new Channel<number>({ capacity: 8, onDrop: (item, reason) => dropped.push([item, reason]) })
  for (const item of range(0, 3)) channel.trySend(item)
  channel.close()
  for await (const items of batch(channel, { maxSize: 2, key: item => item % 2 })) {
    t.deepEqual(items, [0, 2])
    break
  }
  t.deepEqual(dropped, [[1, 'canceled']])
})

test('return() waits for no source that leaves a read unanswered', async t => {
  const source = {
    tryReceive: () => undefined,
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
  }
  const batches = batch<number>(source, { maxSize: 10 })[Symbol.asyncIterator]()
  const parked = batches.next()
  t.true((await batches.return?.())?.done)
  t.true((await parked).done)
})

test('two loops over one channel: each item is in one batch, and both end', async t => {
  const channel = new Channel<number>(8)
  const taken: number[] = []
  const loops = [3, 5].map(async maxSize => {
    for await (const items of batch(channel, { maxSize })) {
      t.true(items.length > 0 && items.length <= maxSize)
      taken.push(...items)
      await turns()
    }
  })
  for (const item of range(0, 200)) await channel.send(item)
  channel.close()
  await Promise.all(loops)
  t.deepEqual(
    taken.sort((one, other) => one - other),
    range(0, 200),
  )
})

test('a full channel and a fast consumer leave the event loop its turns', async t => {
  const channel = new Channel<number>(8)
  const loop = { turned: false }
  setImmediate(() => (loop.turned = true))
  let sent = 0
  const feeding = (async () => {
    while (!loop.turned && sent < 5_000_000) await channel.send(sent++)
    channel.close()
  })()
  let count = 0
  for await (const items of batch(channel, { maxSize: 4 })) count += items.length
  await feeding
  t.true(loop.turned)
  t.is(count, sent)
})
