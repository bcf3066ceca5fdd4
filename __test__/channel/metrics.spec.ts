// Levels and counters of a channel.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { ownMemory } from '../helpers/usage.ts'
import { turns } from '../helpers/wait-for.ts'
import { taken } from './states.ts'

test('the level is the number of items, and not the capacity', async t => {
  const channel = new Channel<number>({ capacity: 4, name: 'jobs' })
  t.is(channel.length, 0)
  t.is(channel.capacity, 4)
  t.is(channel.availableCapacity, 4)
  await channel.send(1)
  await channel.send(2)
  await channel.send(3)
  t.is(channel.length, 3)
  t.is(channel.capacity, 4)
  t.is(channel.availableCapacity, 1)
  await channel.receive()
  t.deepEqual(channel.metrics(), {
    kind: 'channel',
    name: 'jobs',
    length: 2,
    capacity: 4,
    heldBytes: 0,
    fillRatio: 0.5,
    peakLength: 3,
    sent: 3,
    received: 1,
    dropped: 0,
    waitingSenders: 0,
    waitingReceivers: 0,
    sendWaitMs: { total: 0, max: 0 },
  })
})

test('what waits is counted, and how long senders waited', async t => {
  const channel = new Channel<number>(1)
  channel.trySend(0)
  const sends = [channel.send(1), channel.send(2)]
  t.is(channel.metrics().waitingSenders, 2)
  const until = performance.now() + 10
  while (performance.now() < until) await turns(1)
  taken(channel)
  await Promise.all(sends)
  const { sendWaitMs, waitingSenders } = channel.metrics()
  t.is(waitingSenders, 0)
  t.true(sendWaitMs.max >= 9 && sendWaitMs.max < 1000)
  t.true(sendWaitMs.total >= 18 && sendWaitMs.total >= sendWaitMs.max)
  const receives = [channel.receive(), channel.receiveMany(2)]
  t.is(channel.metrics().waitingReceivers, 2)
  channel.close()
  await Promise.all(receives)
  t.is(channel.metrics().waitingReceivers, 0)
})

test('what came in is what went out, what was dropped of it, and what is there', async t => {
  const channel = new Channel<number>({ capacity: 3, overflow: 'drop-oldest' })
  const receive = channel.receive()
  for (let i = 0; i < 10; i++) channel.trySend(i)
  await receive
  await channel.receive()
  const { sent, received, dropped, length, peakLength } = channel.metrics()
  t.deepEqual(
    { sent, received, dropped, length, peakLength },
    { sent: 10, received: 2, dropped: 6, length: 2, peakLength: 3 },
  )
  channel.cancel()
  t.is(channel.metrics().dropped, 8)
  t.is(channel.metrics().received, 2)
})

test('a channel of no capacity has a level, too', t => {
  t.is(new Channel<number>(0).metrics().fillRatio, 0)
})

test('a channel that nobody holds any more is collected, with those that wait on it', async t => {
  const references = Array.from({ length: 100 }, () => {
    const channel = new Channel<object>(1)
    void channel.send({})
    void channel.send({})
    void channel.closed
    return new WeakRef(channel)
  })
  for (let i = 0; i < 50 && references.some(reference => reference.deref() !== undefined); i++) {
    await turns(2)
    ownMemory()
  }
  t.true(references.filter(reference => reference.deref() === undefined).length >= 99)
})
