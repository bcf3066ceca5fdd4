// A shared channel seen from one thread, through two instances: bounds, order, giving up, ends.
import { inspect } from 'node:util'
import test from 'ava'
import { encoded } from '../../src/shared/codec.ts'
import { RefusedError, SharedChannel } from '../../src/shared/index.ts'
import { errorOf, stateOf, statesOf } from '../channel/states.ts'
import { ownMemory } from '../helpers/usage.ts'
import { turns } from '../helpers/wait-for.ts'

const text = (options: {
  capacity: number
  maxBytes?: number
  overflow?: 'block' | 'drop-newest' | 'drop-oldest' | 'error'
}) => new SharedChannel({ ...options, codec: 'utf8' })

function taken<T>(channel: { tryReceive(): IteratorResult<T, undefined> | undefined }): T[] {
  const values: T[] = []
  for (let step = channel.tryReceive(); step?.done === false; step = channel.tryReceive()) values.push(step.value)
  return values
}

test('a full channel makes senders wait, and lets them in one by one, in order', async t => {
  const channel = text({ capacity: 2 })
  const sends = ['a', 'b', 'c', 'd', 'e'].map(value => channel.send(value))
  t.deepEqual(await statesOf(sends), ['fulfilled', 'fulfilled', 'pending', 'pending', 'pending'])
  t.is(channel.trySend('f'), 'full')
  t.is(channel.metrics().waitingSenders, 3)
  t.is((await channel.receive()).value, 'a')
  await sends[2]
  t.is(await stateOf(sends[3]!), 'pending')
  t.deepEqual(taken(channel), ['b', 'c', 'd', 'e'])
  await Promise.all(sends)
  const { length, peakLength, sent, received, capacity, sendWaitMs } = channel.metrics()
  t.deepEqual(
    { length, peakLength, sent, received, capacity },
    { length: 0, peakLength: 2, sent: 5, received: 5, capacity: 2 },
  )
  t.true(sendWaitMs.total >= sendWaitMs.max && sendWaitMs.max > 0)
})

test('bytes are bounded exactly; what exceeds the whole budget is let in alone', async t => {
  const channel = new SharedChannel({ capacity: 100, maxBytes: 1000 })
  for (let at = 0; at < 10; at++) t.is(channel.trySend(new Uint8Array(100)), 'sent')
  t.is(channel.trySend(new Uint8Array(1)), 'full')
  t.is(channel.trySend(new Uint8Array(0)), 'sent')
  const { heldBytes, fillRatio, length } = channel.metrics()
  t.deepEqual({ heldBytes, fillRatio, length }, { heldBytes: 1000, fillRatio: 1, length: 11 })
  const large = channel.send(new Uint8Array(50_000).fill(7))
  for (let at = 0; at < 11; at++) t.is(await stateOf(large), 'pending', `${at}, ${void (await channel.receive())}`)
  await large
  t.is(channel.metrics().heldBytes, 50_000)
  t.is(channel.trySend(new Uint8Array(0)), 'full')
  const { value } = await channel.receive()
  t.is(value?.length, 50_000)
  t.true(value?.every(byte => byte === 7))
})

test('capacity 0 hands over: a send settles when a receiver has it', async t => {
  const channel = text({ capacity: 0 })
  t.is(channel.trySend('a'), 'full')
  const send = channel.send('b')
  t.is(await stateOf(send), 'pending')
  t.is(channel.tryReceive()?.value, 'b')
  await send
  const receive = channel.receive()
  t.is(channel.trySend('c'), 'sent')
  t.is(channel.trySend('d'), 'full')
  t.is((await receive).value, 'c')
  t.is(channel.metrics().peakLength, 0)
})

test('what a full channel drops or refuses', async t => {
  const newest = text({ capacity: 1, overflow: 'drop-newest' })
  await newest.send('a')
  await newest.send('b')
  t.is(newest.trySend('c'), 'dropped')
  t.deepEqual(taken(newest), ['a'])
  t.is(newest.metrics().dropped, 2)
  const oldest = text({ capacity: 2, overflow: 'drop-oldest', maxBytes: 4 })
  for (const value of ['a', 'b', 'cccc', 'd']) await oldest.send(value)
  t.deepEqual(taken(oldest), ['d'])
  t.is(oldest.metrics().dropped, 3)
  const error = text({ capacity: 1, overflow: 'error' })
  await error.send('a')
  const refused = await errorOf(error.send('b'))
  t.true(refused instanceof RefusedError)
  t.is(refused.code, 'ERR_CHANNEL_FULL')
  t.is(refused.value, 'b')
  t.is((await errorOf(error.send('c', { timeout: 0 }))).code, 'ERR_CHANNEL_FULL')
})

test('receivers are served in the order they came, and nobody barges in', async t => {
  const channel = text({ capacity: 4 })
  const other = SharedChannel.from(channel.handle)
  const receives = [channel.receive(), other.receive(), channel.receive()]
  for (const value of ['a', 'b', 'c', 'd']) t.is(channel.trySend(value), 'sent')
  t.deepEqual(
    (await Promise.all(receives)).map(({ value }) => value),
    ['a', 'b', 'c'],
  )
  const many = other.receiveMany(4, { min: 3 })
  await channel.send('e')
  t.is(channel.tryReceive(), undefined)
  await channel.send('f')
  t.deepEqual(await many, ['d', 'e', 'f'])
})

test('a receive of many takes what is there, waits for `min`, but for no more than can come', async t => {
  const channel = text({ capacity: 3 })
  for (const value of ['a', 'b']) await channel.send(value)
  t.deepEqual(await channel.receiveMany(10), ['a', 'b'])
  const more = channel.receiveMany(10, { min: 10 })
  const sends = ['c', 'd', 'e', 'f'].map(value => channel.send(value))
  t.deepEqual((await more).slice(0, 3), ['c', 'd', 'e'])
  await Promise.all(sends)
  t.is((await errorOf(channel.receiveMany(5, { min: 5, timeout: 0 }))).code, 'ERR_TIMEOUT')
})

test('`maxDelay` counts from the first message that the call sees', async t => {
  const channel = text({ capacity: 10 })
  const many = channel.receiveMany(10, { maxDelay: 50 })
  t.is(await stateOf(many), 'pending')
  const began = performance.now()
  await channel.send('a')
  await channel.send('b')
  t.deepEqual(await many, ['a', 'b'])
  t.true(performance.now() - began >= 45)
  await channel.send('c')
  t.deepEqual(await channel.receiveMany(10, { maxDelay: 1 }), ['c'])
  // What another one takes in between was not this call's first.
  const late = channel.receiveMany(10, { maxDelay: 20 })
  channel.close()
  t.deepEqual(await late, [])
})

test('a timeout or an abort takes a wait out: the send is never delivered, the receive takes nothing', async t => {
  const channel = text({ capacity: 1 })
  await channel.send('a')
  const controller = new AbortController()
  const aborted = channel.send('b', { signal: controller.signal })
  const late = channel.send('c', { timeout: 5 })
  const behind = channel.send('d')
  controller.abort('why')
  const error = await errorOf(aborted)
  t.deepEqual([error.code, error.name, error.cause], ['ABORT_ERR', 'AbortError', 'why'])
  t.is((await errorOf(late)).code, 'ERR_TIMEOUT')
  t.deepEqual(taken(channel), ['a', 'd'])
  await behind
  const receive = channel.receive({ timeout: 5 })
  t.is((await errorOf(receive)).code, 'ERR_TIMEOUT')
  t.is((await errorOf(channel.receive({ timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(channel.receive({ signal: AbortSignal.abort() }))).code, 'ABORT_ERR')
  await channel.send('e')
  t.is((await errorOf(channel.send('f', { timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.deepEqual(taken(channel), ['e'])
})

test('an abort that comes after acceptance has no effect, though nobody was told yet', async t => {
  const channel = text({ capacity: 1 })
  await channel.send('a')
  const controller = new AbortController()
  const { signal } = controller
  const send = channel.send('b', { signal })
  t.is(channel.tryReceive()?.value, 'a')
  const receive = channel.receive({ signal })
  t.is((await receive).value, 'b')
  const next = channel.receive({ signal })
  const many = channel.receiveMany(2, { signal })
  for (const value of ['c', 'd', 'e']) t.is(channel.trySend(value), 'sent')
  const place = channel.reserve({ signal })
  t.is(channel.tryReceive()?.value, 'e')
  controller.abort()
  await send
  t.is((await next).value, 'c')
  t.deepEqual(await many, ['d'])
  ;(await place).release()
  t.is(channel.availableCapacity, 1)
})

test('an abort of a wait for a large reservation lets smaller ones behind it go on', async t => {
  const channel = text({ capacity: 2 })
  await channel.send('a')
  const controller = new AbortController()
  const large = channel.reserve({ count: 2, signal: controller.signal })
  const small = channel.send('b')
  t.is(await stateOf(small), 'pending')
  controller.abort()
  t.is((await errorOf(large)).code, 'ABORT_ERR')
  await small
})

test('permits keep places, also after close, and come back by release and disposal', async t => {
  const channel = text({ capacity: 2 })
  const permit = await channel.reserve({ count: 2 })
  t.is(channel.availableCapacity, 0)
  t.is(channel.trySend('x'), 'full')
  permit.send('a')
  {
    using _rest = permit
  }
  t.is(channel.availableCapacity, 1)
  t.throws(() => permit.send('b'), { code: 'ERR_PERMIT_USED' })
  const last = await channel.reserve()
  const waiting = channel.reserve()
  channel.close()
  t.is((await errorOf(waiting)).code, 'ERR_CHANNEL_CLOSED')
  last.send('c')
  t.deepEqual(taken(channel), ['a', 'c'])
  await channel.closed
  t.is((await errorOf(channel.reserve({ count: 3 }))).code, 'ERR_INVALID_OPTION')
})

test('after close what was accepted, and sends that wait, are delivered; then everything ends', async t => {
  const channel = text({ capacity: 1 })
  const other = SharedChannel.from(channel.handle)
  await channel.send('a')
  const waiting = channel.send('b')
  const { closed } = other
  other.close()
  t.true(channel.isClosed)
  const refused = await errorOf(channel.send('c'))
  t.deepEqual([refused.code, refused.value], ['ERR_CHANNEL_CLOSED', 'c'])
  t.is(channel.trySend('c'), 'closed')
  t.is(await stateOf(closed), 'pending')
  t.deepEqual(await channel.receiveMany(5), ['a', 'b'])
  await waiting
  await closed
  t.deepEqual(await channel.receive(), { value: undefined, done: true })
  t.deepEqual(await channel.receiveMany(5), [])
  t.true(channel.tryReceive()?.done)
})

test('what an error carries to another instance, and what of it can not be cloned', async t => {
  for (const [error, expected] of [
    [new TypeError('a', { cause: 'b' }), 'TypeError: a'],
    [{ plain: [1] }, { plain: [1] }],
    [Object.assign(new Error('with a function'), { fn: () => {} }), 'Error: with a function'],
    [() => {}, /function/i],
  ] as const) {
    const channel = text({ capacity: 1 })
    const other = SharedChannel.from(channel.handle)
    channel.close(error)
    t.is(await channel.receive().catch((reason: unknown) => reason), error)
    const told: unknown = await other.receive().catch((reason: unknown) => reason)
    if (expected instanceof RegExp) t.regex(String(told), expected)
    else if (typeof expected === 'string') t.is(String(told), expected)
    else t.deepEqual(told, expected)
    t.is(await other.receiveMany(1).catch((reason: unknown) => reason), told)
    t.is((await errorOf(other.send('x'))).cause, told)
    t.is(
      t.throws(() => other.tryReceive(), { any: true }),
      told as Error,
    )
  }
})

test('an error whose getters throw ends the channel all the same', async t => {
  const hostile = Object.defineProperty(new Error('told'), 'code', {
    get: () => {
      throw new Error('not told')
    },
  })
  const unreadable = {
    fn: () => {},
    [inspect.custom]: () => {
      throw new Error('not told')
    },
  }
  for (const error of [hostile, unreadable]) {
    const channel = text({ capacity: 1 })
    const other = SharedChannel.from(channel.handle)
    channel.close(error)
    t.true(other.isClosed)
    t.is(await channel.receive().catch((reason: unknown) => reason), error)
    t.true((await errorOf(other.receive())) instanceof Error)
  }
})

test('what is left of no bound is no bound, until the end', async t => {
  const channel = text({ capacity: Infinity })
  await channel.send('a')
  t.is(channel.availableCapacity, Infinity)
  channel.cancel()
  t.is(channel.availableCapacity, 0)
})

test('cancel drops what is held; senders learn at once, receivers end', async t => {
  const channel = text({ capacity: 1 })
  await channel.send('a')
  const waiting = channel.send('b')
  const permit = SharedChannel.from(channel.handle).reserve()
  channel.cancel('enough')
  for (const promise of [waiting, permit, channel.send('c')]) {
    const error = await errorOf(promise)
    t.deepEqual([error.code, error.cause], ['ERR_CHANNEL_CLOSED', 'enough'])
  }
  await channel.closed
  t.true((await channel.receive()).done)
  const { length, heldBytes, dropped } = channel.metrics()
  t.deepEqual({ length, heldBytes, dropped }, { length: 0, heldBytes: 0, dropped: 1 })
})

test('leaving `for await` closes and loses nothing, and answers at once while a `next()` is parked', async t => {
  const channel = text({ capacity: 4 })
  for (const value of ['a', 'b', 'c']) await channel.send(value)
  for await (const value of channel) if (value === 'b') break
  t.false(channel.isClosed)
  t.deepEqual(taken(channel), ['c'])
  const iterator = channel[Symbol.asyncIterator]()
  const [parked, also] = [iterator.next(), iterator.next()]
  await iterator.return?.()
  t.true((await parked).done)
  t.true((await also).done)
  t.true((await iterator.next()).done)
  await channel.send('d')
  t.deepEqual(taken(channel), ['d'])
})

test('an iterator tells the error of a channel once', async t => {
  const channel = text({ capacity: 1 })
  const iterator = channel[Symbol.asyncIterator]()
  const [first, second] = [iterator.next(), iterator.next()]
  channel.close(new Error('broken'))
  t.is((await errorOf(first)).message, 'broken')
  t.true((await second).done)
  t.true((await iterator.next()).done)
})

test('steps of a loop that were served are not kept while others wait; return() ends those that do', async t => {
  const channel = text({ capacity: 4 })
  const iterator = channel[Symbol.asyncIterator]()
  const waiting = [iterator.next()]
  const steps: WeakRef<Promise<unknown>>[] = []
  for (let i = 0; i < 200; i++) {
    waiting.push(iterator.next())
    steps.push(new WeakRef(waiting[1] as Promise<unknown>))
    channel.trySend(String(i))
    t.deepEqual(await waiting.shift(), { value: String(i), done: false })
  }
  await turns()
  ownMemory()
  await turns()
  ownMemory()
  const kept = steps.filter(step => step.deref() !== undefined).length
  t.true(kept < 10, `${kept} of 200`)
  t.is(channel.metrics().waitingReceivers, 1)
  await iterator.return?.()
  t.deepEqual(await waiting[0], { value: undefined, done: true })
  t.is(channel.metrics().waitingReceivers, 0)
  await channel[Symbol.asyncDispose]()
})

test('disposal detaches this instance only: its waits end, others go on', async t => {
  const channel = text({ capacity: 1 })
  const other = SharedChannel.from(channel.handle)
  await channel.send('a')
  const [send, closed] = [other.send('b'), other.closed]
  await other[Symbol.asyncDispose]()
  t.is((await errorOf(send)).code, 'ERR_CHANNEL_CLOSED')
  await closed
  t.is((await errorOf(other.send('c'))).code, 'ERR_CHANNEL_CLOSED')
  t.is(other.trySend('c'), 'closed')
  t.true((await other.receive()).done)
  t.true(other.tryReceive()?.done)
  t.deepEqual(await other.receiveMany(2), [])
  t.true(other.isClosed)
  t.is(other.availableCapacity, 0)
  t.deepEqual(taken(channel), ['a'])
  t.false(channel.isClosed)
  const next = SharedChannel.from(channel.handle)
  const receive = next.receive()
  channel.trySend('d')
  // Served, though not told yet: it keeps what it was given.
  await next[Symbol.asyncDispose]()
  t.is((await receive).value, 'd')
  await channel[Symbol.asyncDispose]()
  t.throws(() => SharedChannel.from(channel.handle), { code: 'ERR_CHANNEL_CLOSED' })
})

test('each codec gives back what was sent, of any size, and owns it', async t => {
  const bytes = new SharedChannel({ capacity: 10 })
  for (const size of [0, 1, 64, 65, 94, 95, 8191, 8192, 8193, 100_000]) {
    const message = Uint8Array.from({ length: size }, (_, at) => (at * 31) % 256)
    await bytes.send(message)
    message.fill(0)
    const { value } = await bytes.receive()
    t.is(value?.length, size)
    t.is(value?.buffer.byteLength, size)
    t.true(value?.every((byte, at) => byte === (at * 31) % 256))
  }
  await bytes.send(Buffer.from('a buffer').subarray(2))
  t.is(Buffer.from((await bytes.receive()).value ?? []).toString(), 'buffer')
  await bytes.send(new Uint8Array(new SharedArrayBuffer(100)).fill(3))
  t.is((await bytes.receive()).value?.[99], 3)
  const strings = text({ capacity: 10 })
  for (const value of ['', 'plain', 'ümläut 🚰', 'x'.repeat(5461), 'ß'.repeat(20_000), 'half \ud83d']) {
    await strings.send(value)
    t.is((await strings.receive()).value, value.replace(/\ud83d$/, '\ufffd'))
  }
  const values = new SharedChannel<unknown>({ capacity: 10, codec: 'structured' })
  const value = {
    map: new Map([[1, new Set(['a'])]]),
    date: new Date(5),
    bytes: Uint8Array.of(1, 2, 3),
    big: 10n,
    nothing: undefined,
  }
  await values.send(value)
  await values.send(undefined)
  await values.send('x'.repeat(50_000))
  const [first, second, third] = await values.receiveMany(3)
  t.deepEqual(first, value)
  t.is(second, undefined)
  t.is(third, 'x'.repeat(50_000))
  await values.send(value)
  const again = (await values.receive()).value as typeof value
  await values.send({ bytes: new Uint8Array(1000) })
  await values.receive()
  t.deepEqual(again.bytes, Uint8Array.of(1, 2, 3))
})

test('a long message is not kept once it was sent', async t => {
  const channel = new SharedChannel({ capacity: 2 })
  const message = new Uint8Array(100_000)
  const permit = await channel.reserve()
  await channel.send(message)
  t.not(encoded.bytes, message)
  channel.tryReceive()
  t.is(channel.trySend(message), 'sent')
  t.not(encoded.bytes, message)
  permit.send(message)
  t.not(encoded.bytes, message)
})

test('short and long messages mixed come in order, singly and in batches', async t => {
  const channel = new SharedChannel({ capacity: 1000 })
  const sizes = Array.from({ length: 400 }, (_, at) => (at % 7 === 0 ? 20_000 + at : (at * 13) % 200))
  for (const size of sizes) await channel.send(new Uint8Array(size).fill(size % 251))
  const got: Uint8Array[] = []
  while (got.length < 200) got.push((await channel.receive()).value!)
  while (got.length < 400) got.push(...(await channel.receiveMany(60)))
  t.deepEqual(
    got.map(({ length }) => length),
    sizes,
  )
  t.true(got.every(message => message.every(byte => byte === message.length % 251)))
})

test('a batch without bound ends, however many wait to send', async t => {
  const channel = text({ capacity: 2 })
  const sends = Array.from({ length: 3000 }, async () => await channel.send('x'))
  const { length } = await channel.receiveMany(Infinity)
  t.true(length >= 2 && length <= 2000, `${length}`)
  while (taken(channel).length > 0);
  await Promise.all(sends)
})

test('every wait settles exactly once, whatever ends it', async t => {
  const channel = text({ capacity: 1 })
  let settled = 0
  const count = async (promise: Promise<unknown>): Promise<void> => {
    await promise.catch(() => {})
    settled += 1
  }
  await channel.send('a')
  const waits: Promise<void>[] = []
  for (let at = 0; at < 300; at++) {
    const controller = new AbortController()
    const options = { signal: controller.signal, timeout: 1 + (at % 5) }
    const kind = at % 4
    if (kind === 0) waits.push(count(channel.send(`${at}`, options)))
    else if (kind === 1) waits.push(count(channel.receive(options)))
    else if (kind === 2) waits.push(count(channel.receiveMany(3, { ...options, min: 2 })))
    else waits.push(count(channel.reserve(options).then(permit => permit.release())))
    if (at % 7 === 0) controller.abort()
    if (at % 50 === 0) await turns(1)
  }
  await Promise.all(waits)
  t.is(settled, 300)
  channel.cancel()
  await channel.closed
  const { waitingSenders, waitingReceivers } = channel.metrics()
  t.deepEqual([waitingSenders, waitingReceivers], [0, 0])
})

test('a loop of operations that are always ready does not starve timers', async t => {
  const channel = text({ capacity: 10 })
  const turned = new AbortController()
  void turns(3).then(() => turned.abort())
  for (let at = 0; at < 1_000_000 && !turned.signal.aborted; at++) {
    await channel.send('x')
    await channel.receive()
  }
  t.true(turned.signal.aborted)
})

test('a value that uses the permit it is sent with, while it is encoded, takes no place twice', async t => {
  const channel = new SharedChannel<{ readonly released: boolean }>({ capacity: 1, codec: 'structured' })
  const permit = await channel.reserve()
  const value = {
    get released() {
      permit.release()
      return true
    },
  }
  t.throws(() => permit.send(value), { code: 'ERR_PERMIT_USED' })
  t.is(channel.trySend({ released: false }), 'sent')
  t.is(channel.trySend({ released: false }), 'full')
  t.is(channel.metrics().length, 1)
  await channel[Symbol.asyncDispose]()
})

test('a value that sends another one, aborts, or leaves, while it is encoded, is sent whole, or refused', async t => {
  const channel = new SharedChannel<unknown>({ capacity: 4, codec: 'structured' })
  const nested = {
    get inner() {
      channel.trySend('inner'.repeat(100))
      return 'outer'
    },
  }
  await channel.send(nested)
  t.deepEqual(await channel.receiveMany(4), ['inner'.repeat(100), { inner: 'outer' }])
  const controller = new AbortController()
  const aborting = {
    get inner() {
      controller.abort()
      return 1
    },
  }
  await t.throwsAsync(channel.send(aborting, { signal: controller.signal }), { code: 'ABORT_ERR' })
  t.is(channel.metrics().length, 0)
  const leaving = {
    get inner() {
      void channel[Symbol.asyncDispose]()
      return 1
    },
  }
  await t.throwsAsync(channel.send(leaving), { code: 'ERR_CHANNEL_CLOSED' })
  t.is(channel.trySend(1), 'closed')
})
