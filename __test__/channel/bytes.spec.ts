// The byte budget beside the number of items.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { errorOf, stateOf, taken } from './states.ts'

test('an item is admitted when both its place and its bytes are free', async t => {
  const channel = new Channel<Uint8Array>({ capacity: 3, maxBytes: 10 })
  await channel.send(new Uint8Array(6))
  await channel.send(new Uint8Array(4))
  const third = channel.send(new Uint8Array(1))
  t.is(await stateOf(third), 'pending')
  t.is(channel.metrics().heldBytes, 10)
  t.is(channel.metrics().fillRatio, 1)
  await channel.receive()
  await third
  t.is(channel.metrics().heldBytes, 5)
})

test('strings count as UTF-8, bytes as they are, and anything else needs sizeOf', async t => {
  const channel = new Channel<unknown>({ capacity: 9, maxBytes: 100 })
  await channel.send('äö')
  await channel.send(new Uint16Array(3))
  t.is(channel.metrics().heldBytes, 10)
  const error = await errorOf(channel.send({}))
  t.is(error.code, 'ERR_INVALID_OPTION')
  t.regex(error.message, /sizeOf/u)
  t.is(channel.length, 2)
})

test('sizeOf is asked once per item, also for one that waits', async t => {
  let asked = 0
  const channel = new Channel<number>({ capacity: 1, maxBytes: 10, sizeOf: value => (asked++, value) })
  await channel.send(3)
  const waiting = channel.send(4)
  t.deepEqual(taken(channel), [3, 4])
  await waiting
  t.is(asked, 2)
})

test('an item over the whole budget is admitted alone, so it never waits for ever', async t => {
  const channel = new Channel<number>({ capacity: 5, maxBytes: 10, sizeOf: value => value })
  await channel.send(1)
  const large = channel.send(50)
  const behind = channel.send(2)
  t.is(await stateOf(large), 'pending')
  await channel.receive()
  await large
  t.is(channel.metrics().heldBytes, 50)
  t.is(channel.metrics().fillRatio, 1)
  t.is(await stateOf(behind), 'pending')
  t.deepEqual(taken(channel), [50, 2])
})

test("with oversize 'reject' it is refused and comes back", async t => {
  const channel = new Channel<number>({
    capacity: 5,
    maxBytes: 10,
    sizeOf: value => value,
    oversize: 'reject',
    name: 'in',
  })
  const error = await errorOf(channel.send(11))
  t.is(error.code, 'ERR_ITEM_TOO_LARGE')
  t.is(error.value, 11)
  t.regex(error.message, /"in".*10.*11/u)
  t.throws(() => channel.trySend(11), { code: 'ERR_ITEM_TOO_LARGE' })
  const permit = await channel.reserve()
  t.throws(() => permit.send(11), { code: 'ERR_ITEM_TOO_LARGE' })
  permit.send(10)
  t.deepEqual(taken(channel), [10])
})

test('a size that is no size is the sender’s error', async t => {
  for (const size of [-1, NaN, Infinity, '3']) {
    const channel = new Channel<number>({ capacity: 5, maxBytes: 10, sizeOf: () => size as number })
    t.is((await errorOf(channel.send(1))).code, 'ERR_INVALID_OPTION')
    t.throws(() => channel.trySend(1), { code: 'ERR_INVALID_OPTION' })
    t.is(channel.length, 0)
  }
  const failing = new Channel<number>({
    capacity: 1,
    maxBytes: 10,
    sizeOf: () => {
      throw new Error('no idea')
    },
  })
  await t.throwsAsync(async () => failing.send(1), { message: 'no idea' })
})

test('fractions leave no remainder in an empty channel', async t => {
  const channel = new Channel<number>({ capacity: 10, maxBytes: 10, sizeOf: value => value })
  for (const value of [0.1, 0.2, 0.3]) await channel.send(value)
  taken(channel)
  t.is(channel.metrics().heldBytes, 0)
})
