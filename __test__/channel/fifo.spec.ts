// The order: items, waiting senders and waiting receivers are served first in, first out, and nobody barges in.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { stateOf, taken } from './states.ts'

test('items leave in the order in which they came, across a ring that grew and wrapped', t => {
  const channel = new Channel<number>(1000)
  let next = 0
  let expected = 0
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 19 + round; i++) channel.trySend(next++)
    for (let i = 0; i < 7 + round; i++) t.is(channel.tryReceive()?.value, expected++)
  }
  t.deepEqual(
    taken(channel),
    Array.from({ length: next - expected }, (_, i) => expected + i),
  )
})

test('undefined is an item like any other', async t => {
  const channel = new Channel<undefined>(1)
  await channel.send(undefined)
  t.deepEqual(channel.tryReceive(), { value: undefined, done: false })
  t.is(channel.tryReceive(), undefined)
})

test('senders that wait are admitted in their order, and neither send nor trySend overtakes them', async t => {
  const channel = new Channel<number>({ capacity: 4, maxBytes: 10, sizeOf: value => value })
  await channel.send(6)
  const large = channel.send(8)
  const small = channel.send(1)
  t.is(channel.trySend(2), 'full')
  t.is(await stateOf(small), 'pending')
  t.is(channel.availableCapacity, 0)
  t.deepEqual(taken(channel), [6, 8, 1])
  await Promise.all([large, small])
})

test('receivers that wait are served in their order, and tryReceive does not overtake them', async t => {
  const channel = new Channel<number>(4)
  const order: string[] = []
  const first = channel.receive().then(({ value }) => order.push(`first ${value}`))
  const second = channel.receiveMany(2, { min: 2 }).then(values => order.push(`second ${values.join('+')}`))
  const third = channel.receive().then(({ value }) => order.push(`third ${value}`))
  channel.trySend(1)
  channel.trySend(2)
  t.is(channel.tryReceive(), undefined)
  channel.trySend(3)
  channel.trySend(4)
  await Promise.all([first, second, third])
  t.deepEqual(order, ['first 1', 'second 2+3', 'third 4'])
})

test('a receive that finds an item ready does not settle before one that waited', async t => {
  const channel = new Channel<number>(4)
  const order: number[] = []
  const note = ({ value }: { value: number | undefined }) => order.push(value ?? -1)
  const waited = channel.receive().then(note)
  channel.trySend(1)
  channel.trySend(2)
  const ready = channel.receive().then(note)
  await Promise.all([waited, ready])
  t.deepEqual(order, [1, 2])
})

test('a send that finds room does not settle before one that waited', async t => {
  const channel = new Channel<number>(1)
  const order: string[] = []
  channel.trySend(0)
  const waited = channel.send(1).then(() => order.push('waited'))
  channel.tryReceive()
  channel.tryReceive()
  const ready = channel.send(2).then(() => order.push('ready'))
  await Promise.all([waited, ready])
  t.deepEqual(order, ['waited', 'ready'])
})

test('many producers and many consumers: each item to exactly one, each producer in its own order', async t => {
  const channel = new Channel<readonly [producer: number, index: number]>(3)
  const got: (readonly [number, number])[] = []
  const produce = async (producer: number) => {
    for (let index = 0; index < 100; index++) {
      await channel.send([producer, index])
      if ((index + producer) % 7 === 0) await turns(1)
    }
  }
  const consume = async (consumer: number) => {
    for await (const item of channel) {
      got.push(item)
      if (consumer === 0) await turns(1)
    }
  }
  const consumers = [0, 1, 2].map(consume)
  await Promise.all([0, 1, 2, 3].map(produce))
  channel.close()
  await Promise.all(consumers)
  t.is(got.length, 400)
  for (let producer = 0; producer < 4; producer++) {
    const mine = got.filter(([from]) => from === producer).map(([, index]) => index)
    t.deepEqual(
      mine,
      Array.from({ length: 100 }, (_, i) => i),
    )
  }
})

test('among consumers that wait alike the items are dealt out in turn', async t => {
  const channel = new Channel<number>(16)
  const counts = [0, 0, 0]
  const consumers = counts.map(async (_, index) => {
    for await (const _item of channel) {
      counts[index]! += 1
      await turns(1)
    }
  })
  for (let i = 0; i < 90; i++) await channel.send(i)
  channel.close()
  await Promise.all(consumers)
  t.deepEqual(counts, [30, 30, 30])
})
