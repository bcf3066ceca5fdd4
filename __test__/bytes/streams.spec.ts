// The reader and the writer as Node and web streams, and pipeTo: nothing is read unasked, and what was not delivered is not lost.
import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WritableStream } from 'node:stream/web'
import test from 'ava'
import type { Sender } from '../../src/channel/types.ts'
import type { Bytes } from '../../src/process/byte-types.ts'
import { checkGiven, surrender } from '../../src/process/hand-over.ts'
import { latin, openReader, openWriter, stateOf, turns } from './fake-endpoint.ts'

test('a Readable reads nothing before it is asked, and one chunk when it is', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  const stream = reader.readable()
  await turns()
  t.is(pipe.reader.reads, 0)
  t.is(stream.readableHighWaterMark, 0)
  const iterator = stream[Symbol.asyncIterator]()
  t.is(latin((await iterator.next()).value as Bytes), 'abc')
  pipe.feed('def')
  await turns()
  t.is(pipe.text, 'def')
  t.is(latin((await iterator.next()).value as Bytes), 'def')
})

test('a paused Readable takes nothing from the pipe', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  const stream = reader.readable()
  const seen: string[] = []
  stream.on('data', chunk => {
    seen.push(latin(chunk as Bytes))
    stream.pause()
  })
  await turns()
  t.deepEqual(seen, ['abc'])
  pipe.feed('def')
  await turns()
  const taken = 3 - pipe.held.length
  t.is(taken, 0)
  stream.resume()
  await turns()
  t.deepEqual(seen, ['abc', 'def'])
  stream.destroy()
})

test('a destroyed Readable gives back what nobody got, and the reader is free', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abcdef')
  const stream = reader.readable()
  await new Promise(resolve => stream.once('readable', resolve))
  t.is(latin(stream.read(2) as Bytes), 'ab')
  stream.destroy()
  await turns()
  pipe.feed('g')
  t.is(latin(await reader.readExactly(5)), 'cdefg')
  const parked = reader.readable()
  parked.read()
  await turns()
  parked.destroy()
  await turns()
  pipe.feed('h')
  t.is(latin(await reader.read()), 'h')
})

test('a Readable ends with the pipe, or with its error', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  pipe.writer.close()
  const target = new PassThrough()
  await pipeline(reader.readable(), target)
  t.is(String(target.read()), 'abc')
  const cut = new Error('terminated')
  const other = openReader({ endError: () => cut })
  other.pipe.writer.close()
  t.is(await t.throwsAsync(pipeline(other.reader.readable(), new PassThrough())), cut)
})

test('a ReadableStream pulls one read at a time, also into the memory of its reader', async t => {
  const { pipe, reader } = openReader()
  pipe.feed(new Uint8Array(10_000).fill(7))
  const stream = reader.readableStream()
  await turns()
  t.is(pipe.reader.reads, 0)
  const plain = stream.getReader()
  t.is((await plain.read()).value?.length, 10_000)
  plain.releaseLock()
  const byob = stream.getReader({ mode: 'byob' })
  pipe.feed('abcdef')
  const part = await byob.read(new Uint8Array(4))
  t.is(latin(part.value), 'abcd')
  byob.releaseLock()
  const last = stream.getReader()
  t.is(latin((await last.read()).value), 'ef')
  const parked = last.read()
  await last.cancel()
  t.true((await parked).done)
  pipe.feed('g')
  pipe.writer.close()
  t.is(await reader.text(), 'g')
})

test('a ReadableStream ends, for both kinds of readers', async t => {
  const { pipe, reader } = openReader()
  pipe.writer.close()
  t.true((await reader.readableStream().getReader().read()).done)
  t.true((await reader.readableStream().getReader({ mode: 'byob' }).read(new Uint8Array(1))).done)
  t.is(await reader.read(), null)
})

test('a Writable holds back its writer, and its end is ours', async t => {
  const { pipe, writer } = openWriter(4)
  const stream = writer.writable()
  let written = 0
  stream.write('abcdef', () => written++)
  stream.write('ghi', () => written++)
  stream.write('j', () => written++)
  await turns()
  t.is(written, 0)
  stream.end()
  const seen: string[] = []
  while (!pipe.writer.isClosed) {
    seen.push(latin(pipe.drain()))
    await turns(1)
  }
  t.is(seen.join('') + latin(pipe.drain()), 'abcdefghij')
  t.is(written, 3)
})

test('a destroyed Writable closes our end, and rejects what waits', async t => {
  const { pipe, writer } = openWriter(1)
  const waiting = writer.write('ab')
  writer.writable().destroy()
  await t.throwsAsync(waiting, { code: 'ERR_WRITER_CLOSED' })
  await t.throwsAsync(writer.end(), { code: 'ERR_WRITER_CLOSED' })
  t.true(pipe.writer.isClosed)
})

test('a WritableStream holds back its writer', async t => {
  const { pipe, writer } = openWriter(4)
  const stream = writer.writableStream().getWriter()
  const written = stream.write('abcdef')
  t.is(await stateOf(written), 'pending')
  pipe.drain()
  await written
  await stream.close()
  t.true(pipe.writer.isClosed)
})

test('pipeTo a writer moves at its pace, and counts', async t => {
  const from = openReader()
  const to = openWriter(4)
  from.pipe.feed('abcdefgh')
  const piped = from.reader.pipeTo(to.writer)
  await turns()
  from.pipe.feed('ij')
  await turns()
  t.is(from.pipe.text, 'ij')
  t.is(latin(to.pipe.drain()), 'abcd')
  from.pipe.writer.close()
  const seen: string[] = []
  while (!to.pipe.writer.isClosed) {
    seen.push(latin(to.pipe.drain()))
    await turns(1)
  }
  t.is(seen.join('') + latin(to.pipe.drain()), 'efghij')
  t.is(await piped, 10)
})

test('pipeTo a writer that breaks gives back exactly what was not taken', async t => {
  const from = openReader()
  const to = openWriter(4)
  from.pipe.feed('abcdefgh')
  const piped = from.reader.pipeTo(to.writer)
  await turns()
  to.pipe.reader.close()
  await t.throwsAsync(piped, { code: 'EPIPE' })
  t.is(latin(await from.reader.read()), 'efgh')
})

test('pipeTo that is given up takes the rest back, also in the middle of a chunk', async t => {
  const from = openReader()
  const to = openWriter(4)
  from.pipe.feed('abcdefgh')
  const controller = new AbortController()
  const piped = from.reader.pipeTo(to.writer, { signal: controller.signal })
  await turns()
  controller.abort()
  await t.throwsAsync(piped, { code: 'ABORT_ERR' })
  t.is(latin(await from.reader.read()), 'efgh')
  await t.throwsAsync(from.reader.pipeTo(to.writer, { timeout: 1 }), { code: 'ERR_TIMEOUT', message: /pipeTo/ })
  t.false(to.writer.isClosed)
  await t.throwsAsync(from.reader.pipeTo(5 as never), { code: 'ERR_INVALID_OPTION' })
  t.is(from.reader.tryRead(), undefined)
})

test('pipeTo a Node stream, with an error and without', async t => {
  const from = openReader()
  from.pipe.feed('abc')
  const chunks: string[] = []
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Bytes, _encoding, finish) {
      chunks.push(latin(chunk))
      setImmediate(chunks.length === 2 ? () => finish(new Error('disk full')) : finish)
    },
  })
  const piped = from.reader.pipeTo(slow)
  await turns()
  from.pipe.feed('def')
  await t.throwsAsync(piped, { message: 'disk full' })
  t.is(latin(await from.reader.read()), 'def')
  from.pipe.feed('ghi')
  from.pipe.writer.close()
  const target = new PassThrough()
  t.is(await from.reader.pipeTo(target, { preventClose: true }), 3)
  t.false(target.writableEnded)
  t.is(await from.reader.pipeTo(target), 0)
  t.true(target.writableFinished)
})

test('pipeTo a web stream and a sender', async t => {
  const from = openReader()
  const seen: string[] = []
  from.pipe.feed('abc')
  const web = new WritableStream<Bytes>({
    write: chunk => void seen.push(latin(chunk)),
    close: () => void seen.push('closed'),
  })
  const piped = from.reader.pipeTo(web)
  await turns()
  from.pipe.writer.close()
  t.is(await piped, 3)
  t.deepEqual(seen, ['abc', 'closed'])
  const other = openReader()
  other.pipe.feed('xyz')
  const sender = {
    send: () => Promise.reject(new Error('channel closed')),
    trySend: () => 'closed',
    close: () => seen.push('sender closed'),
  } as unknown as Sender<Bytes>
  await t.throwsAsync(other.reader.pipeTo(sender), { message: 'channel closed' })
  t.is(latin(await other.reader.read()), 'xyz')
})

test('a source that fails does not look complete to its target', async t => {
  const cut = new Error('terminated')
  const from = openReader({ endError: () => cut })
  from.pipe.feed('abc')
  from.pipe.writer.close()
  const target = new PassThrough()
  t.is(await t.throwsAsync(from.reader.pipeTo(target)), cut)
  t.true(target.destroyed)
  t.false(target.writableFinished)
})

test('only an idle and empty end can be given to another child, and it is closed here', async t => {
  const { pipe, reader } = openReader()
  const source = { kind: 'reader', end: reader, option: 'stdin' } as const
  const read = reader.read()
  t.throws(() => checkGiven([source]), { code: 'ERR_READER_BUSY' })
  pipe.feed('a')
  await read
  checkGiven([source])
  t.is(surrender(source), pipe.reader)
  t.false(pipe.reader.isClosed)
  await t.throwsAsync(reader.read(), { code: 'ERR_READER_CLOSED' })
  const { pipe: other, writer } = openWriter(1)
  const target = { kind: 'writer', end: writer, option: 'stdout' } as const
  void writer.write('ab')
  t.throws(() => checkGiven([target]), { code: 'ERR_WRITER_CLOSED' })
  other.drain()
  await turns()
  t.is(surrender(target), other.writer)
  await writer.closed
  await t.throwsAsync(writer.write('x'), { code: 'ERR_WRITER_CLOSED' })
  const foreign = { ...source, end: {} as never }
  t.throws(() => checkGiven([foreign]), { code: 'ERR_INVALID_OPTION', message: /`stdin`/ })
})
