// Giving up: a signal or a timeout takes an operation out of its line, and exactly one of accepted or rejected holds.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { SluiceError } from '../../src/errors.ts'
import { errorOf, stateOf, taken } from './states.ts'

test('a signal that is aborted already wins over a ready operation, without side effect', async t => {
  let asked = 0
  const channel = new Channel<number>({ capacity: 2, maxBytes: 10, sizeOf: () => ++asked })
  const signal = AbortSignal.abort('why')
  const error = await errorOf(channel.send(1, { signal }))
  t.is(error.code, 'ABORT_ERR')
  t.is(error.name, 'AbortError')
  t.is(error.cause, 'why')
  t.is(asked, 0)
  t.is(channel.length, 0)
  channel.trySend(2)
  t.is((await errorOf(channel.receive({ signal }))).code, 'ABORT_ERR')
  t.is((await errorOf(channel.receiveMany(2, { signal }))).code, 'ABORT_ERR')
  t.is((await errorOf(channel.reserve({ signal }))).code, 'ABORT_ERR')
  t.deepEqual(taken(channel), [2])
  channel.close()
  t.is((await errorOf(channel.send(3, { signal }))).code, 'ABORT_ERR')
  t.is((await errorOf(channel.receive({ signal }))).code, 'ABORT_ERR')
})

test('an abort takes a waiting send out, and it is never delivered', async t => {
  const channel = new Channel<string>(1)
  await channel.send('a')
  const controller = new AbortController()
  const aborted = channel.send('b', { signal: controller.signal })
  const behind = channel.send('c')
  controller.abort()
  t.is(await stateOf(aborted), 'ABORT_ERR')
  t.deepEqual(taken(channel), ['a', 'c'])
  await behind
})

test('an abort after acceptance has no effect', async t => {
  const channel = new Channel<string>(1)
  await channel.send('a')
  const sending = new AbortController()
  const send = channel.send('b', { signal: sending.signal })
  t.is(channel.tryReceive()?.value, 'a')
  sending.abort()
  await send
  t.is(channel.tryReceive()?.value, 'b')
  const receiving = new AbortController()
  const receive = channel.receive({ signal: receiving.signal })
  channel.trySend('c')
  receiving.abort()
  t.deepEqual(await receive, { value: 'c', done: false })
})

test('an aborted receive loses no item: the next one gets it', async t => {
  const channel = new Channel<number>(4)
  const controller = new AbortController()
  const first = channel.receive({ signal: controller.signal })
  const second = channel.receive()
  controller.abort()
  channel.trySend(1)
  t.is(await stateOf(first), 'ABORT_ERR')
  t.deepEqual(await second, { value: 1, done: false })
})

test('a large send that leaves the head of the line lets smaller ones in at once', async t => {
  const channel = new Channel<number>({ capacity: 10, maxBytes: 10, sizeOf: value => value })
  await channel.send(6)
  const controller = new AbortController()
  const large = channel.send(9, { signal: controller.signal })
  const small = [channel.send(1), channel.send(2)]
  t.is(await stateOf(small[0]!), 'pending')
  controller.abort()
  await Promise.all(small)
  t.is(await stateOf(large), 'ABORT_ERR')
  t.deepEqual(taken(channel), [6, 1, 2])
})

test('a receiveMany that waits for more leaves what is there to the next receiver when it gives up', async t => {
  const channel = new Channel<number>(8)
  const controller = new AbortController()
  const many = channel.receiveMany(5, { min: 5, signal: controller.signal })
  const next = channel.receive()
  channel.trySend(1)
  channel.trySend(2)
  t.is(await stateOf(next), 'pending')
  controller.abort()
  t.is(await stateOf(many), 'ABORT_ERR')
  t.deepEqual(await next, { value: 1, done: false })
  t.deepEqual(taken(channel), [2])
})

test('a timeout gives up in the same way', async t => {
  const channel = new Channel<number>(1)
  await channel.send(1)
  const error = await errorOf(channel.send(2, { timeout: 5 }))
  t.is(error.code, 'ERR_TIMEOUT')
  t.is(error.name, 'TimeoutError')
  t.deepEqual(taken(channel), [1])
  t.is((await errorOf(channel.receive({ timeout: 5 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(channel.receiveMany(2, { timeout: 5 }))).code, 'ERR_TIMEOUT')
  await channel.send(3, { timeout: 5 })
  t.deepEqual(await channel.receive({ timeout: 5 }), { value: 3, done: false })
})

test('timeout 0 tries once: who may not wait has that, trySend, and the policies that drop', async t => {
  const channel = new Channel<number>(1)
  await channel.send(1, { timeout: 0 })
  t.is((await errorOf(channel.send(2, { timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(channel.reserve({ timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is(channel.metrics().waitingSenders, 0)
  t.deepEqual(await channel.receive({ timeout: 0 }), { value: 1, done: false })
  t.is((await errorOf(channel.receive({ timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(channel.receiveMany(3, { timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is(channel.metrics().waitingReceivers, 0)
  await t.throwsAsync(async () => channel.send(1, { timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(async () => channel.receive({ timeout: NaN }), { code: 'ERR_INVALID_OPTION' })
})

test('an operation that is over leaves no listener on its signal', async t => {
  const channel = new Channel<number>(1)
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
  await channel.send(1, { signal })
  t.is(listeners, 0, 'nothing waited')
  const send = channel.send(2, { signal })
  const reserve = channel.reserve({ signal })
  t.is(listeners, 1, 'one for both')
  t.deepEqual(taken(channel), [1, 2])
  await send
  ;(await reserve).release()
  const receives = [channel.receive({ signal }), channel.receiveMany(1, { signal })]
  channel.trySend(3)
  channel.trySend(4)
  await Promise.all(receives)
  t.is(listeners, 0)
})

test('`sizeOf` that aborts or closes comes first', async t => {
  const controller = new AbortController()
  const channel: Channel<number> = new Channel<number>({
    capacity: 1,
    maxBytes: 5,
    sizeOf: value => {
      if (value === 1) controller.abort()
      if (value === 2) channel.close()
      return 1
    },
  })
  t.is((await errorOf(channel.send(1, { signal: controller.signal }))).code, 'ABORT_ERR')
  t.is(channel.trySend(2), 'closed')
  t.is(channel.length, 0)
  t.true(SluiceError.is(await errorOf(channel.send(2)), 'ERR_CHANNEL_CLOSED'))
})
