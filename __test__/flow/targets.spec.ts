// Where flows end: channels, Node and web streams; their pace, their close, and failures both ways.
import { PassThrough, Writable } from 'node:stream'
import { WritableStream } from 'node:stream/web'
import test from 'ava'
import { Channel, flow } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}

test('a channel gets all values, at its pace, and is closed', async t => {
  let taken = 0
  const source = range(100).map(i => i)
  const channel = new Channel<number>(5)
  const done = flow(source)
    .tap(() => void (taken += 1))
    .to(channel)
  await waitFor(() => channel.length === 5)
  await turns(3)
  // One waits at the channel's door, and one is ready behind it.
  t.is(taken, 7)
  t.deepEqual(await all(channel), source)
  await done
  t.true(channel.isClosed)
})

test('a channel is left open with preventClose, also by a failure', async t => {
  const channel = new Channel<number>(100)
  await flow([1, 2]).to(channel, { preventClose: true })
  const broken = flow([3, 4]).map(x => {
    if (x === 4) throw new Error('broken')
    return x
  })
  await t.throwsAsync(broken.to(channel, { preventClose: true }), { message: 'broken' })
  t.false(channel.isClosed)
  channel.close()
  t.deepEqual(await all(channel), [1, 2, 3])
})

test('a failed flow closes the channel with its error, and takes back what waits at its door', async t => {
  const channel = new Channel<number>(1)
  const source = new HandSource<number>()
  const done = flow(source).to(channel)
  source.put(1, 2)
  await waitFor(() => channel.metrics().waitingSenders === 1)
  // Asked for the next value only when that one is in, so the failure has to come from outside.
  const controller = new AbortController()
  const other = flow(range(10), { signal: controller.signal }).to(new Channel<number>(1))
  controller.abort()
  await t.throwsAsync(other, { code: 'ABORT_ERR' })
  channel.cancel(new Error('nobody reads'))
  await t.throwsAsync(done, { code: 'ERR_CHANNEL_CLOSED' })
  t.is(source.returned, 1)
  const target = new Channel<number>(10)
  const broken = flow([1, 2]).map(x => {
    if (x === 2) throw new Error('broken')
    return x
  })
  await t.throwsAsync(broken.to(target), { message: 'broken' })
  t.deepEqual(target.tryReceive(), { done: false, value: 1 })
  await t.throwsAsync(target.receive(), { message: 'broken' })
})

test('a channel that is canceled ends the flow, also while no value comes', async t => {
  const source = new HandSource<number>()
  const channel = new Channel<number>(1)
  const done = flow(source).to(channel)
  await turns()
  channel.cancel()
  await t.throwsAsync(done, { code: 'ERR_CHANNEL_CLOSED' })
  t.is(source.returned, 1)
})

test('a Writable gets all values, no faster than it takes them, and is ended', async t => {
  const written: number[] = []
  const gates = range(10).map(() => deferred())
  const target = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write(value: number, _, done) {
      written.push(value)
      void gates[value]?.promise.then(() => done())
    },
  })
  let taken = 0
  const done = flow(range(10))
    .tap(() => void (taken += 1))
    .to(target)
  await waitFor(() => taken >= 2)
  await turns(5)
  t.deepEqual(written, [0])
  t.is(taken, 3)
  for (const gate of gates) gate.resolve()
  await done
  t.true(target.writableFinished)
  t.deepEqual(written, range(10))
  t.is(target.listenerCount('drain'), 0)
})

test('a Writable that fails rejects the flow and ends its source, also while no value comes', async t => {
  const source = new HandSource<string>()
  const target = new PassThrough()
  const done = flow(source).to(target)
  await turns()
  target.destroy(new Error('broken'))
  await t.throwsAsync(done, { message: 'broken' })
  t.is(source.returned, 1)
  const failing = new Writable({ objectMode: true, write: (_value, _, then) => then(new Error('full')) })
  await t.throwsAsync(flow(range(5)).to(failing), { message: 'full' })
  await t.throwsAsync(flow([{}]).to(new PassThrough() as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('a failed flow destroys the Writable, so that it does not look complete', async t => {
  const target = new PassThrough()
  const broken = flow(['a', 'b']).map(text => {
    if (text === 'b') throw new Error('broken')
    return text
  })
  const seen = t.throwsAsync(all(target), { message: 'broken' })
  await t.throwsAsync(broken.to(target), { message: 'broken' })
  t.true(target.destroyed)
  await seen
})

test('a web stream gets all values at its pace and is closed; failures go both ways', async t => {
  const written: number[] = []
  let isClosed = false
  let aborted: unknown
  const open = (write: (value: number) => void | Promise<void>): WritableStream<number> =>
    new WritableStream({ write, close: () => void (isClosed = true), abort: reason => void (aborted = reason) })
  await flow(range(10)).to(open(async value => void written.push(value)))
  t.deepEqual(written, range(10))
  t.true(isClosed)
  const target = open(() => {})
  const broken = flow([1]).map(() => {
    throw new Error('broken')
  })
  await t.throwsAsync(broken.to(target), { message: 'broken' })
  t.is((aborted as Error).message, 'broken')
  t.false(target.locked)
  const failing = open(() => {
    throw new Error('full')
  })
  const log: string[] = []
  function* numbers(): Generator<number> {
    try {
      for (;;) yield 1
    } finally {
      log.push('source ended')
    }
  }
  await t.throwsAsync(flow(numbers()).to(failing), { message: 'full' })
  t.deepEqual(log, ['source ended'])
})

test('an abort and a timeout give up a delivery that is stuck', async t => {
  const channel = new Channel<number>(1)
  const writable = new Writable({ objectMode: true, highWaterMark: 1, write() {} })
  const stuck = new WritableStream<number>({ write: () => new Promise(() => {}) })
  const controller = new AbortController()
  const done = flow(range(5)).to(channel, { signal: controller.signal })
  await waitFor(() => channel.metrics().waitingSenders === 1)
  controller.abort()
  await t.throwsAsync(done, { code: 'ABORT_ERR' })
  // What waited at the door is not delivered any more.
  t.is(channel.metrics().waitingSenders, 0)
  t.is((await channel.receive()).value, 0)
  await t.throwsAsync(channel.receive(), { code: 'ABORT_ERR' })
  for (const target of [writable as never, stuck as never]) {
    await t.throwsAsync(flow(range(5)).to(target, { timeout: 20 }), { code: 'ERR_TIMEOUT' })
  }
})

/** Its `then` is counted. */
function counted(promise: Promise<void>): { readonly promise: Promise<void>; readonly reactions: () => number } {
  let count = 0
  const then: Promise<void>['then'] = (...handlers) => {
    count += 1
    return promise.then(...handlers)
  }
  // oxlint-disable-next-line unicorn/no-thenable -- what is counted
  return { promise: { then } as Promise<void>, reactions: () => count }
}

const lasting: readonly [string, string, object][] = [
  ['a sender', 'ERR_CHANNEL_CLOSED', { trySend: () => 'sent', send: async () => {}, close() {} }],
  ['a writer', 'ERR_WRITER_CLOSED', { tryWrite() {}, write: async () => {}, end: async () => {} }],
]

for (const [what, code, methods] of lasting) {
  test(`a target that outlives its flows is watched once, and all that still run learn of its end: ${what}`, async t => {
    const gate = deferred()
    const { promise, reactions } = counted(gate.promise)
    const target = { ...methods, closed: promise } as never
    for (let i = 0; i < 5; i++) await flow(['a']).to(target, { preventClose: true })
    const running = [1, 2].map(() => flow(new HandSource<string>()).to(target))
    t.is(reactions(), 1)
    gate.resolve()
    for (const done of running) await t.throwsAsync(done, { code })
    // Who comes later is told as well.
    await t.throwsAsync(flow(new HandSource<string>()).to(target), { code })
    t.is(reactions(), 2)
  })
}
