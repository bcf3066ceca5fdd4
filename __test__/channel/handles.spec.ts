// Senders and receivers that are counted: the channel ends with the last of either.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { batch, Channel, flow, type ChannelReceiver, type ChannelSender } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('a channel closes with the last of its senders, and each item of all of them is delivered', async t => {
  const channel = new Channel<number>(2)
  const produce = async (sender: ChannelSender<number>, from: number): Promise<void> => {
    for (let i = from; i < from + 10; i++) await sender.send(i)
    sender.close()
    sender.close()
  }
  const producers = [0, 10, 20].map(from => produce(channel.sender(), from))
  const taken: number[] = []
  for await (const item of channel) taken.push(item)
  await Promise.all(producers)
  t.deepEqual(
    taken.sort((one, other) => one - other),
    Array.from({ length: 30 }, (_, i) => i),
  )
})

test('clones count, and leaving a scope closes', async t => {
  const channel = new Channel<number>(4)
  const first = channel.sender()
  {
    using second = first.clone()
    first.close()
    t.is(second.trySend(1), 'sent')
    t.false(channel.isClosed)
  }
  t.true(channel.isClosed)
  t.throws(() => first.clone(), { code: 'ERR_CHANNEL_CLOSED' })
  t.deepEqual(await channel.receiveMany(9), [1])
  t.deepEqual(await channel.receive(), { done: true, value: undefined })
})

test('a sender that has closed refuses, with the value, while the others go on', async t => {
  const channel = new Channel<number>(4)
  const [closed, other] = [channel.sender(), channel.sender()]
  closed.close()
  t.like(await t.throwsAsync(closed.send(7)), { code: 'ERR_CHANNEL_CLOSED', value: 7 })
  await t.throwsAsync(closed.reserve(), { code: 'ERR_CHANNEL_CLOSED' })
  t.is(closed.trySend(7), 'closed')
  t.deepEqual([closed.isClosed, closed.availableCapacity, other.isClosed, other.availableCapacity], [true, 0, false, 4])
  await other.send(8)
  t.is(channel.length, 1)
})

test('sends that wait when the last sender closes are still delivered', async t => {
  const channel = new Channel<number>(1)
  const sender = channel.sender()
  const sends = [1, 2, 3].map(item => sender.send(item))
  sender.close()
  const taken: number[] = []
  for await (const item of channel) taken.push(item)
  await Promise.all([...sends, sender.closed])
  t.deepEqual(taken, [1, 2, 3])
})

test('an error of one sender closes the channel for all, after what was accepted', async t => {
  const channel = new Channel<number>(4)
  const [failing, other] = [channel.sender(), channel.sender()]
  await other.send(1)
  const error = new Error('broken')
  failing.close(error)
  await t.throwsAsync(other.send(2), { code: 'ERR_CHANNEL_CLOSED' })
  t.deepEqual(await channel.receive(), { done: false, value: 1 })
  t.is(await t.throwsAsync(channel.receive()), error)
})

test('several flows into one channel: it closes after the last of them', async t => {
  const channel = new Channel<number>(2)
  const flows = [
    [1, 2, 3],
    [4, 5],
  ].map(items => flow(items).to(channel.sender()))
  const taken = await flow(channel).toArray()
  await Promise.all(flows)
  t.deepEqual(
    taken.sort((one, other) => one - other),
    [1, 2, 3, 4, 5],
  )
})

test('a channel is canceled with the last of its receivers, and its senders learn at once', async t => {
  const dropped: unknown[] = []
  const channel = new Channel<number>({ capacity: 1, onDrop: (item, reason) => dropped.push([item, reason]) })
  const [first, second] = [channel.receiver(), channel.receiver()]
  await channel.send(1)
  const waiting = channel.send(2)
  first.cancel()
  first.cancel()
  t.is(await standing(waiting), 'pending')
  second.cancel('done with it')
  t.like(await t.throwsAsync(waiting), { code: 'ERR_CHANNEL_CLOSED', cause: 'done with it', value: 2 })
  t.deepEqual(dropped, [[1, 'canceled']])
  t.throws(() => first.clone(), { code: 'ERR_CHANNEL_CLOSED' })
})

test('the waits of a receiver that cancels end, take nothing, and leave the others their turn', async t => {
  const channel = new Channel<number>(4)
  const [leaving, staying] = [channel.receiver(), channel.receiver()]
  const iterator = leaving[Symbol.asyncIterator]()
  const waits = [leaving.receive(), leaving.receiveMany(5), iterator.next(), leaving.receive({ timeout: 60_000 })]
  const other = staying.receive()
  leaving.cancel()
  const end = { done: true, value: undefined }
  t.deepEqual(await Promise.all(waits), [end, [], end, end])
  await channel.send(1)
  t.deepEqual(await other, { done: false, value: 1 })
  await channel.send(2)
  t.deepEqual([await leaving.receive(), leaving.tryReceive(), await leaving.receiveMany(3)], [end, end, []] as never)
  t.deepEqual(await iterator.next(), end)
  await t.throwsAsync(leaving.receive({ timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  t.is(channel.length, 1)
})

test('leaving a loop over a receiver cancels nothing; leaving its scope does', async t => {
  const channel = new Channel<number>(4)
  for (const item of [1, 2, 3, 4]) channel.trySend(item)
  {
    using receiver = channel.receiver()
    for await (const item of receiver) if (item === 2) break
    t.deepEqual(receiver.tryReceive(), { done: false, value: 3 })
    for await (const items of batch(receiver, { maxSize: 1 })) {
      t.deepEqual(items, [4])
      break
    }
    t.false(channel.isClosed)
  }
  t.true(channel.isClosed)
})

test('each item goes to one of several receivers, and all of them learn the end', async t => {
  const channel = new Channel<number>(2)
  const consume = async (receiver: ChannelReceiver<number>): Promise<number[]> => {
    const items: number[] = []
    for await (const item of receiver) items.push(item)
    return items
  }
  const consumers = [channel.receiver(), channel.receiver().clone()].map(receiver => consume(receiver))
  for (let i = 0; i < 100; i++) await channel.send(i)
  channel.close()
  const items = (await Promise.all(consumers)).flat()
  t.deepEqual(
    items.sort((one, other) => one - other),
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test.serial('a handle that is collected as garbage is told as a warning, and closes nothing', async t => {
  const warnings: string[] = []
  const listen = ({ message }: Error): void => void warnings.push(message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const channel = new Channel<number>({ capacity: 1, name: 'lost' })
  ;(() => {
    channel.sender()
    channel.receiver()
    channel.sender().close()
  })()
  await waitFor(
    () => {
      collectGarbage()
      return warnings.filter(message => message.includes('"lost"')).length === 2
    },
    { deadline: 20_000 },
  )
  t.false(channel.isClosed)
  await turns(2)
  t.is(warnings.filter(message => message.includes('"lost"')).length, 2)
})
