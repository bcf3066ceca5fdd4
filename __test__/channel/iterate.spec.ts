// `for await` over a channel, and the iterator behind it.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { ownMemory } from '../helpers/usage.ts'
import { turns } from '../helpers/wait-for.ts'
import { stateOf, statesOf, taken } from './states.ts'

test('leaving a loop closes and loses nothing: the next one goes on with the next item', async t => {
  const channel = new Channel<number>(8)
  for (let i = 0; i < 6; i++) channel.trySend(i)
  const got: number[] = []
  for await (const value of channel) {
    got.push(value)
    if (value === 1) break
  }
  await t.throwsAsync(
    async () => {
      for await (const value of channel) {
        got.push(value)
        throw new Error('left')
      }
    },
    { message: 'left' },
  )
  t.false(channel.isClosed)
  channel.close()
  for await (const value of channel) got.push(value)
  t.deepEqual(got, [0, 1, 2, 3, 4, 5])
})

test('return() answers at once while next() is parked, ends that one, and takes no item', async t => {
  const channel = new Channel<number>(8)
  const iterator = channel[Symbol.asyncIterator]()
  const parked = [iterator.next(), iterator.next()]
  const other = channel.receive()
  t.is(await stateOf(parked[0]!), 'pending')
  t.deepEqual(await iterator.return?.(), { value: undefined, done: true })
  t.deepEqual(await Promise.all(parked), [
    { value: undefined, done: true },
    { value: undefined, done: true },
  ])
  t.is(channel.metrics().waitingReceivers, 1)
  channel.trySend(1)
  t.deepEqual(await other, { value: 1, done: false })
  channel.trySend(2)
  t.deepEqual(await iterator.next(), { value: undefined, done: true })
  t.deepEqual(taken(channel), [2])
})

test('throw() leaves in the same way and hands the error on', async t => {
  const channel = new Channel<number>(8)
  const iterator = channel[Symbol.asyncIterator]()
  const parked = iterator.next()
  await t.throwsAsync(async () => iterator.throw?.(new Error('mine')), { message: 'mine' })
  t.deepEqual(await parked, { value: undefined, done: true })
  t.false(channel.isClosed)
})

test('several next() at once are answered in order', async t => {
  const channel = new Channel<number>(8)
  const iterator = channel[Symbol.asyncIterator]()
  const steps = [iterator.next(), iterator.next(), iterator.next()]
  for (const value of [1, 2]) channel.trySend(value)
  t.deepEqual(await statesOf(steps), ['fulfilled', 'fulfilled', 'pending'])
  channel.close()
  t.deepEqual(
    (await Promise.all(steps)).map(({ value }) => value),
    [1, 2, undefined],
  )
})

test('an item that was assigned before return() is still delivered', async t => {
  const channel = new Channel<number>(8)
  const iterator = channel[Symbol.asyncIterator]()
  const step = iterator.next()
  channel.trySend(1)
  await iterator.return?.()
  t.deepEqual(await step, { value: 1, done: false })
  t.is(channel.length, 0)
})

test('two loops share a channel', async t => {
  const channel = new Channel<number>(2)
  const got: number[] = []
  const loop = async () => {
    for await (const value of channel) {
      got.push(value)
      await turns(1)
    }
  }
  const loops = [loop(), loop()]
  for (let i = 0; i < 20; i++) await channel.send(i)
  channel.close()
  await Promise.all(loops)
  t.deepEqual(
    [...got].sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i),
  )
})

test('a loop over an iterator source through a channel runs as the documentation shows it', async t => {
  const channel = new Channel<number>(4)
  const producer = (async () => {
    for (const value of Array.from({ length: 100 }, (_, i) => i + 1)) await channel.send(value)
    channel.close()
  })()
  let sum = 0
  for await (const value of channel) sum += value
  await producer
  t.is(sum, 5050)
})

for (const ahead of [0, 1]) {
  test(`steps that were served are not kept, while ${ahead} more wait`, async t => {
    const channel = new Channel<number>(4)
    const iterator = channel[Symbol.asyncIterator]()
    const steps: WeakRef<Promise<unknown>>[] = []
    for (let i = 0; i < ahead; i++) void iterator.next()
    for (let i = 0; i < 200; i++) {
      steps.push(new WeakRef(iterator.next()))
      channel.trySend(i)
      await turns(1)
    }
    ownMemory()
    await turns(1)
    ownMemory()
    const kept = steps.filter(step => step.deref() !== undefined).length
    t.true(kept < 10, `${kept} of 200`)
    t.is(channel.metrics().waitingReceivers, ahead)
    t.deepEqual(await iterator.return?.(), { value: undefined, done: true })
  })
}

test('return() ends those that wait, also when others were served in between', async t => {
  const channel = new Channel<number>(4)
  const iterator = channel[Symbol.asyncIterator]()
  const first = iterator.next()
  const second = iterator.next()
  channel.trySend(1)
  const third = iterator.next()
  t.deepEqual(await first, { value: 1, done: false })
  await iterator.return?.()
  t.deepEqual(await Promise.all([second, third]), [
    { value: undefined, done: true },
    { value: undefined, done: true },
  ])
  t.is(channel.metrics().waitingReceivers, 0)
})
