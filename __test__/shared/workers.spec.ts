// Channels and semaphores between threads: what is handed over, and what becomes of it when a thread dies.
import { createHash } from 'node:crypto'
import test from 'ava'
import { SharedChannel, SharedSemaphore } from '../../src/shared/index.ts'
import { ErrandWorker, parked } from '../helpers/errand.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

interface Tally {
  received: number
  sum: number
  disorder: number
  hash: string
}

test('two threads play ping-pong', async t => {
  const [there, back] = [new SharedChannel({ capacity: 1 }), new SharedChannel({ capacity: 0 })]
  await using _echo = await parked({ role: 'echo', handles: [there.handle, back.handle] })
  for (let round = 0; round < 2000; round++) {
    await there.send(bytes(round & 255, round >> 8))
    const { value } = await back.receive()
    t.deepEqual([...(value ?? [])], [round & 255, round >> 8])
  }
  there.close()
  t.true((await back.receive()).done)
})

for (const [capacity, batch] of [
  [0, 0],
  [1, 0],
  [64, 0],
  [64, 256],
  [Infinity, 10],
] as const) {
  test(`one thread to another, in order, every byte, capacity ${capacity}, batches of ${batch}`, async t => {
    const count = 20_000
    const channel = new SharedChannel({ capacity })
    await using consumer = await parked({ role: 'consume', handles: [channel.handle], batch })
    const hash = createHash('sha256')
    for (let at = 0; at < count; at++) {
      const message = new Uint8Array(4 + ((at * 37) % 300))
      new DataView(message.buffer).setUint32(0, at)
      hash.update(message)
      await channel.send(message)
    }
    channel.close()
    const tally = await consumer.message<Tally>()
    t.deepEqual(tally, { received: count, sum: (count * (count - 1)) / 2, disorder: 0, hash: hash.digest('hex') })
    t.true(channel.metrics().peakLength <= capacity)
  })
}

test('two producers and two consumers: each message arrives once', async t => {
  const count = 10_000
  const channel = new SharedChannel({ capacity: 16, maxBytes: 2000 })
  await using one = await parked({ role: 'consume', handles: [channel.handle] })
  await using two = await parked({ role: 'consume', handles: [channel.handle], batch: 8 })
  await using three = new ErrandWorker({ role: 'produce', handles: [channel.handle], count })
  await using four = new ErrandWorker({ role: 'produce', handles: [channel.handle], count })
  await Promise.all([three.message(), four.message()])
  channel.close()
  const tallies = [await one.message<Tally>(), await two.message<Tally>()]
  const total = (what: 'received' | 'sum'): number => tallies.reduce((sum, tally) => sum + tally[what], 0)
  t.is(total('received'), 2 * count)
  t.is(total('sum'), count * (count - 1))
  const { sent, received, dropped, length, peakLength } = channel.metrics()
  t.deepEqual({ sent, received, dropped, length }, { sent: 2 * count, received: 2 * count, dropped: 0, length: 0 })
  t.true(peakLength <= 16)
})

test('closing wakes every thread', async t => {
  const channel = new SharedChannel({ capacity: 1 })
  const waiting = await Promise.all(
    [1, 2, 3].map(async () => await parked({ role: 'outcome', handles: [channel.handle] })),
  )
  const own = channel.receive()
  const { closed } = channel
  channel.close()
  t.true((await own).done)
  await closed
  for (const worker of waiting) {
    t.deepEqual(
      await worker.message(),
      Array.from({ length: 2 }, () => ({ done: true, bytes: [] })),
    )
    await worker.terminate()
  }
})

test('closing with an error tells every thread that error, each time, after what was accepted', async t => {
  const channel = new SharedChannel({ capacity: 1 })
  await using worker = await parked({ role: 'outcome', handles: [channel.handle] })
  const error = Object.assign(new RangeError('the source broke'), { code: 'EBROKEN' })
  await channel.send(bytes(7))
  channel.close(error)
  t.deepEqual(await worker.message(), [
    { done: false, bytes: [7] },
    { message: 'the source broke', code: 'EBROKEN', name: 'RangeError' },
  ])
  t.is(await channel.receive().catch((reason: unknown) => reason), error)
  t.is(await channel.receive().catch((reason: unknown) => reason), error)
})

test('sends of a thread that is terminated are never delivered, and hold nobody up', async t => {
  const channel = new SharedChannel({ capacity: 1 })
  await channel.send(bytes(100))
  const worker = await parked({ role: 'send', handles: [channel.handle], count: 5 })
  const own = channel.send(bytes(101))
  t.is(channel.metrics().waitingSenders, 6)
  await worker.terminate()
  t.is(channel.metrics().waitingSenders, 1)
  t.deepEqual([...(await channel.receive()).value!], [100])
  t.deepEqual([...(await channel.receive()).value!], [101])
  await own
  t.is(channel.tryReceive(), undefined)
})

test('receives of a thread that is terminated take nothing', async t => {
  const channel = new SharedChannel({ capacity: 1 })
  const worker = await parked({ role: 'receive', handles: [channel.handle] })
  t.is(channel.metrics().waitingReceivers, 2)
  await worker.terminate()
  t.is(channel.metrics().waitingReceivers, 0)
  await channel.send(bytes(1))
  t.deepEqual([...(await channel.receive()).value!], [1])
})

test('what a thread was given and did not fetch before it was terminated goes to others, in order', async t => {
  const channel = new SharedChannel({ capacity: 4 })
  const worker = await parked({ role: 'receiveAndSpin', handles: [channel.handle], count: 3 })
  for (let at = 0; at < 5; at++) await channel.send(bytes(at))
  t.is(channel.metrics().length, 2)
  const { closed } = channel
  channel.close()
  await worker.terminate()
  const received: number[] = []
  for await (const message of channel) received.push(...message)
  t.deepEqual(received, [0, 1, 2, 3, 4])
  await closed
})

test('places that a terminated thread kept are free again', async t => {
  const channel = new SharedChannel({ capacity: 3 })
  const worker = await parked({ role: 'reserve', handles: [channel.handle], count: 2 })
  t.is(channel.availableCapacity, 0)
  const own = channel.reserve({ count: 3 })
  await worker.terminate()
  const permit = await own
  permit.release()
  t.is(channel.availableCapacity, 3)
})

test('permits that a terminated thread held, and its waits, are given back', async t => {
  const permits = new SharedSemaphore(3)
  const worker = await parked({ role: 'acquire', handles: [permits.handle], count: 2 })
  t.is(permits.tryAcquire({ permits: 1 }), undefined)
  const own = permits.acquire({ permits: 3 })
  await worker.terminate()
  ;(await own).release()
  t.is(permits.available, 3)
})

test('threads never hold more permits together than there are', async t => {
  const permits = new SharedSemaphore(2)
  const counter = new SharedArrayBuffer(4)
  const workers = [1, 2, 3].map(
    () => new ErrandWorker({ role: 'turns', handles: [permits.handle], count: 2000, counter }),
  )
  for (const worker of workers) {
    t.true((await worker.message<number>()) <= 2)
    await worker.terminate()
  }
  t.is(permits.available, 2)
})

test('with the thread that held the last instance the channel is gone, and so is the semaphore', async t => {
  const worker = new ErrandWorker({ role: 'own' })
  const handles = await worker.message<{
    channel: SharedChannel<Uint8Array>['handle']
    semaphore: SharedSemaphore['handle']
  }>()
  {
    await using here = SharedChannel.from(handles.channel)
    await using permits = SharedSemaphore.from(handles.semaphore)
    t.is(here.metrics().length, 1)
    t.is(permits.available, 2)
  }
  await worker.terminate()
  t.throws(() => SharedChannel.from(handles.channel), { code: 'ERR_CHANNEL_CLOSED' })
  t.throws(() => SharedSemaphore.from(handles.semaphore), { code: 'ERR_SEMAPHORE_CLOSED' })
})
