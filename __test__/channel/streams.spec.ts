// A channel as streams of Node and of the web: pressure, ends and errors go both ways.
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test, { type ExecutionContext } from 'ava'
import { Channel, flow } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function filled(t: ExecutionContext, items: readonly number[]): { channel: Channel<number>; dropped: unknown[] } {
  const dropped: unknown[] = []
  const channel = new Channel<number>({ capacity: 8, onDrop: (item, reason) => dropped.push([item, reason]) })
  for (const item of items) t.is(channel.trySend(item), 'sent')
  return { channel, dropped }
}

test('a Readable has all items and the end, or the error of the channel after them', async t => {
  for (const error of [undefined, new Error('broken')]) {
    const { channel } = filled(t, [1, 2, 3])
    channel.close(error)
    const items: number[] = []
    const reading = (async () => {
      for await (const item of channel.readable()) items.push(item as number)
    })()
    if (error === undefined) await reading
    else t.is(await t.throwsAsync(reading), error)
    t.deepEqual(items, [1, 2, 3])
  }
})

test('a Readable takes an item only when it is asked for one', async t => {
  const { channel } = filled(t, [1, 2, 3])
  const stream = channel.readable()
  await turns(2)
  t.is(channel.length, 3)
  stream.once('readable', () => {})
  await turns(2)
  t.is(channel.length, 2)
  stream.destroy()
})

test('a web stream takes an item only when it is asked for one, and has the end, or the error', async t => {
  const { channel } = filled(t, [1, 2, 3])
  const reader = channel.readableStream().getReader()
  await turns(2)
  t.is(channel.length, 3)
  t.deepEqual(await reader.read(), { done: false, value: 1 })
  t.is(channel.length, 2)
  const error = new Error('broken')
  channel.close(error)
  t.deepEqual([(await reader.read()).value, (await reader.read()).value], [2, 3])
  t.is(await t.throwsAsync(reader.read()), error)
  const ended = new Channel<number>(1)
  ended.close()
  t.true((await ended.readableStream().getReader().read()).done)
})

test('a stream that is given up cancels the channel with its error, and drops nothing silently', async t => {
  const { channel, dropped } = filled(t, [1, 2, 3])
  const waiting = channel.send(4)
  await waiting
  const error = new Error('target failed')
  const target = new Writable({ objectMode: true, write: (_item, _encoding, finish) => finish(error) })
  t.is(await t.throwsAsync(pipeline(channel.readable(), target)), error)
  await turns()
  t.like(await t.throwsAsync(channel.send(5)), { code: 'ERR_CHANNEL_CLOSED', cause: error })
  t.deepEqual(channel.metrics().received + dropped.length, 4)
  t.true(channel.metrics().received <= 2)

  const web = filled(t, [1, 2])
  await web.channel.readableStream().cancel('enough')
  t.deepEqual(web.dropped, [
    [1, 'canceled'],
    [2, 'canceled'],
  ])
})

test('with preventCancel a stream that is given up leaves the channel open and hands back what it took', async t => {
  const { channel } = filled(t, [1, 2, 3])
  const stream = channel.readable({ preventCancel: true })
  stream.once('readable', () => {})
  await turns(2)
  t.is(stream.readableLength, 1)
  stream.destroy()
  const waiting = filled(t, [])
  const parked = waiting.channel.readable({ preventCancel: true })
  parked.once('readable', () => {})
  await turns(2)
  t.is(waiting.channel.metrics().waitingReceivers, 1)
  // On its way when the stream goes away.
  waiting.channel.trySend(1)
  parked.destroy()
  await turns(2)
  t.is(waiting.channel.metrics().waitingReceivers, 0)
  t.deepEqual([await channel.receiveMany(9), await waiting.channel.receiveMany(9)], [[1, 2, 3], [1]])
  t.false(channel.isClosed)
  const web = filled(t, [1])
  await web.channel.readableStream({ preventCancel: true }).cancel()
  t.deepEqual(await web.channel.receiveMany(9), [1])
})

test('a Writable waits for room in the channel, and closes it at its end', async t => {
  const channel = new Channel<number>(2)
  const source = range(0, 20)
  const piped = pipeline(Readable.from(source), channel.writable())
  await turns(4)
  t.is(channel.length, 2)
  t.is(channel.metrics().waitingSenders, 1)
  t.deepEqual(await flow(channel).toArray(), source)
  await piped
  const open = new Channel<number>(4)
  await pipeline(Readable.from([1]), open.writable({ preventClose: true }))
  t.false(open.isClosed)
})

test('a Writable that is given up closes the channel with an error, and takes back the value that waits', async t => {
  for (const error of [new Error('source failed'), undefined]) {
    const channel = new Channel<number>(1)
    const stream = channel.writable()
    stream.on('error', () => {})
    stream.write(1)
    stream.write(2)
    await turns()
    t.is(channel.metrics().waitingSenders, 1)
    stream.destroy(error)
    t.is((await channel.receive()).value, 1)
    const thrown = await t.throwsAsync(channel.receive())
    if (error === undefined) t.like(thrown, { code: 'ERR_CHANNEL_CLOSED' })
    else t.is(thrown, error)
  }
})

test('canceling the channel fails a Writable, also one that is idle', async t => {
  const channel = new Channel<number>(1)
  const stream = channel.writable()
  const failed = new Promise(resolve => void stream.once('error', resolve))
  channel.cancel('enough')
  t.like(await failed, { code: 'ERR_CHANNEL_CLOSED', cause: 'enough' })
  t.true(stream.destroyed)
})

test('a web stream into a channel: its pace, its end, its abort, and the end of the channel', async t => {
  const channel = new Channel<number>(1)
  const writer = channel.writableStream().getWriter()
  await writer.write(1)
  const second = writer.write(2)
  t.is(await standing(second), 'pending')
  const closed = writer.close()
  t.deepEqual(await flow(channel).toArray(), [1, 2])
  await Promise.all([second, closed])

  const aborted = new Channel<number>(1)
  const error = new Error('given up')
  await aborted.writableStream().abort(error)
  t.is(await t.throwsAsync(aborted.receive()), error)

  const canceled = new Channel<number>(1)
  const orphan = canceled.writableStream().getWriter()
  canceled.cancel()
  await t.throwsAsync(orphan.closed, { code: 'ERR_CHANNEL_CLOSED' })
})

test('values go through a Transform between two channels, and come out in order', async t => {
  const [from, to] = [new Channel<number>(2), new Channel<number>(2)]
  const double = new Transform({
    objectMode: true,
    transform: (item: number, _encoding, finish) => finish(null, item * 2),
  })
  const piped = pipeline(from.readable(), double, to.writable())
  const fed = flow(range(1, 100)).to(from)
  t.deepEqual(
    await flow(to).toArray(),
    range(1, 100).map(item => item * 2),
  )
  await Promise.all([piped, fed])
})

test('what a stream can not have is its error', async t => {
  const channel = new Channel<number | null>(2)
  await channel.send(null)
  await t.throwsAsync(
    (async () => {
      for await (const item of channel.readable()) t.fail(String(item))
    })(),
    { code: 'ERR_INVALID_OPTION' },
  )
  for (const options of [null, { preventCancel: 1 }]) {
    t.throws(() => channel.readable(options as never), { code: 'ERR_INVALID_OPTION' })
    t.throws(() => channel.readableStream(options as never), { code: 'ERR_INVALID_OPTION' })
  }
  for (const options of [null, { preventClose: 1 }]) {
    t.throws(() => channel.writable(options as never), { code: 'ERR_INVALID_OPTION' })
    t.throws(() => channel.writableStream(options as never), { code: 'ERR_INVALID_OPTION' })
  }
})
