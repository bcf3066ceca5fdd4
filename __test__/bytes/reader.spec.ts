// Reads of a pipe: order, loss, the end, and who may read.
import fc from 'fast-check'
import test from 'ava'
import { SluiceError } from '../../src/errors.ts'
import { latin, openReader, stateOf, turns } from './fake-endpoint.ts'

test('a read of what is there settles without a wake-up, and the end is sticky', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  pipe.writer.close()
  t.is(latin(await reader.read({ maxBytes: 2 })), 'ab')
  t.is(latin(await reader.read()), 'c')
  t.is(await reader.read(), null)
  t.is(await reader.read(), null)
  t.is(reader.tryRead(), null)
  t.is(reader.bytesRead, 3)
  t.true(reader.isClosed)
  t.true(pipe.reader.isClosed)
  t.is(pipe.reader.arms, 0)
})

test('nothing is read before it is asked for', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  reader.lines()
  await turns()
  t.is(pipe.reader.reads, 0)
})

test('concurrent reads are answered in order, and a parked one keeps the loop alive', async t => {
  const { pipe, reader, host, endpoint } = openReader()
  const reads = [reader.read({ maxBytes: 1 }), reader.readExactly(3), reader.read({ maxBytes: 2 })]
  t.is(host.refs, 1)
  t.is(reader.tryRead(), undefined)
  pipe.feed('ab')
  await turns()
  pipe.feed('cdef')
  t.deepEqual((await Promise.all(reads)).map(latin), ['a', 'bcd', 'ef'])
  t.is(host.refs, 0)
  t.is(endpoint.parks, 3)
  t.true(endpoint.waitedMs > 0)
})

test('an abort loses nothing, and an aborted signal wins over a ready read', async t => {
  const { pipe, reader } = openReader()
  const controller = new AbortController()
  const aborted = reader.readExactly(4, { signal: controller.signal })
  const next = reader.read()
  pipe.feed('abc')
  await turns()
  controller.abort(new Error('enough'))
  const error = await t.throwsAsync(aborted, { instanceOf: SluiceError, name: 'AbortError', code: 'ABORT_ERR' })
  t.is((error.cause as Error).message, 'enough')
  t.is(latin(await next), 'abc')
  pipe.feed('d')
  await t.throwsAsync(reader.read({ signal: controller.signal }), { code: 'ABORT_ERR' })
  t.is(latin(await reader.read()), 'd')
})

test('a timeout of 0 tries once; others end the wait', async t => {
  const { pipe, reader } = openReader()
  await t.throwsAsync(reader.read({ timeout: 0 }), { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
  await t.throwsAsync(reader.read({ timeout: 1 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(reader.read({ timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(reader.read({ timeout: NaN }), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(reader.read({ maxBytes: 0 }), { code: 'ERR_INVALID_OPTION' })
  t.true(reader.tryRead() === undefined)
  t.false(pipe.reader.isArmed)
  pipe.feed('x')
  t.is(latin(await reader.read({ timeout: 0 })), 'x')
  t.is(latin(await Promise.race([reader.read({ timeout: 2 ** 40 }), turns().then(() => null)])), 'null')
  pipe.feed('y')
  await turns()
})

test('readExactly of a short input is an error, and the part is still there', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abc')
  pipe.writer.close()
  await t.throwsAsync(reader.readExactly(4), { code: 'ERR_READER_CLOSED' })
  t.false(reader.isClosed)
  t.is(latin(await reader.readExactly(2)), 'ab')
  t.is(latin(await reader.read()), 'c')
  t.is(await reader.read(), null)
  t.is((await reader.readExactly(0)).length, 0)
})

test('readInto fills the memory of the caller, and refuses one that went away', async t => {
  const { pipe, reader } = openReader()
  const buffer = new Uint8Array(4)
  const filled = reader.readInto(buffer)
  pipe.feed('abcdef')
  t.is(await filled, 4)
  t.is(latin(buffer), 'abcd')
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  t.is(await reader.readInto(shared), 2)
  t.is(latin(Uint8Array.from(shared)), 'ef')
  const gone = reader.readInto(buffer)
  structuredClone(buffer.buffer, { transfer: [buffer.buffer] })
  pipe.feed('g')
  await t.throwsAsync(gone, { code: 'ERR_INVALID_OPTION' })
  t.is(latin(await reader.read()), 'g')
  await t.throwsAsync(reader.readInto(new Uint8Array(0)), { code: 'ERR_INVALID_OPTION' })
})

test('chunks never overlap, and small ones have their own memory', async t => {
  const { pipe, reader } = openReader()
  pipe.feed(new Uint8Array(10_000).fill(1))
  const first = await reader.read()
  pipe.feed(new Uint8Array(10_000).fill(2))
  const second = await reader.read()
  pipe.feed('tiny')
  const small = await reader.read()
  t.true(first?.every(byte => byte === 1))
  t.true(second?.every(byte => byte === 2))
  t.is(small?.buffer.byteLength, 4)
})

test('a chunk whose memory others share does not leave the thread with it; one that has a slab to itself may', async t => {
  const { pipe, reader } = openReader()
  const transferred = (chunk: Uint8Array | null): Uint8Array =>
    structuredClone(chunk as Uint8Array<ArrayBuffer>, { transfer: [chunk?.buffer as ArrayBuffer] })
  pipe.feed(new Uint8Array(65_536).fill(1))
  const whole = await reader.read()
  t.is(transferred(whole).length, 65_536)
  pipe.feed(new Uint8Array(10_000).fill(2))
  const part = await reader.read()
  // Newer Nodes throw, Node 20 copies: the memory stays in both.
  try {
    transferred(part)
  } catch (error) {
    t.is((error as Error).name, 'DataCloneError')
  }
  pipe.feed(new Uint8Array(10_000).fill(3))
  const neighbour = await reader.read()
  t.true(neighbour?.buffer === part?.buffer)
  t.is(part?.length, 10_000)
  t.true(part?.every(byte => byte === 2))
})

test('cancel closes our end and rejects what waits', async t => {
  const { pipe, reader, host } = openReader()
  const waiting = reader.read()
  const looping = t.throwsAsync(waiting, { code: 'ERR_READER_CLOSED' })
  await reader.cancel()
  await looping
  await t.throwsAsync(reader.read(), { code: 'ERR_READER_CLOSED' })
  t.throws(() => reader.tryRead(), { code: 'ERR_READER_CLOSED' })
  t.true(pipe.reader.isClosed)
  t.is(host.refs, 0)
  await reader.cancel()
})

test('an end that is an error comes after all bytes, each time', async t => {
  const cut = new Error('terminated')
  const { pipe, reader } = openReader({ endError: () => cut })
  pipe.feed('abc')
  pipe.writer.close()
  t.is(latin(await reader.read()), 'abc')
  t.is(await t.throwsAsync(reader.read()), cut)
  t.is(await t.throwsAsync(reader.read()), cut)
  await t.throwsAsync(reader.text(), { is: cut })
})

test('an end that has to be asked for keeps reads waiting', async t => {
  let answer!: (error: Error | undefined) => void
  const { pipe, reader } = openReader({ endError: () => new Promise(resolve => (answer = resolve)) })
  pipe.writer.close()
  const read = reader.read()
  t.is(await stateOf(read), 'pending')
  t.is(reader.tryRead(), undefined)
  answer(undefined)
  t.is(await read, null)
  t.is(await reader.read(), null)
})

test('an error of the pipe is a rejection with the name of the system', async t => {
  const { pipe, reader } = openReader()
  pipe.readError = 5
  await t.throwsAsync(reader.read(), { code: 'EIO', message: 'read EIO' })
})

test('one consumer at a time', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('abcdef')
  const iterator = reader[Symbol.asyncIterator]()
  t.is(latin((await iterator.next()).value), 'abcdef')
  await t.throwsAsync(reader.read(), { code: 'ERR_READER_BUSY' })
  await t.throwsAsync(reader.text(), { code: 'ERR_READER_BUSY' })
  t.throws(() => reader.lines(), { code: 'ERR_READER_BUSY' })
  t.throws(() => reader.readable(), { code: 'ERR_READER_BUSY' })
  t.throws(() => reader.readableStream(), { code: 'ERR_READER_BUSY' })
  t.throws(() => reader.tryRead(), { code: 'ERR_READER_BUSY' })
  const parked = iterator.next()
  t.deepEqual(await iterator.return?.(), { done: true, value: undefined })
  t.deepEqual(await parked, { done: true, value: undefined })
  pipe.feed('g')
  t.is(latin(await reader.read()), 'g')
  t.deepEqual(await iterator.next(), { done: true, value: undefined })
})

test('leaving a loop keeps the rest, and a second loop goes on to the end', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('a')
  for await (const chunk of reader) {
    t.is(latin(chunk), 'a')
    break
  }
  t.false(pipe.reader.isClosed)
  pipe.feed('b')
  pipe.writer.close()
  const seen: string[] = []
  for await (const chunk of reader) seen.push(latin(chunk))
  for await (const chunk of reader) seen.push(latin(chunk))
  t.deepEqual(seen, ['b'])
})

test('leaving early tells the owner, once, and waits for it', async t => {
  let left = 0
  const { pipe, reader } = openReader({ onLeave: () => turns().then(() => left++) })
  pipe.feed('a')
  for await (const _ of reader) break
  t.is(left, 1)
  await reader.cancel()
  t.is(left, 1)
})

test('text, bytes and json read to the end; too much stays readable', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('\uFEFF{"a":1}')
  pipe.writer.close()
  await t.throwsAsync(reader.bytes({ maxBuffer: 4 }), { code: 'ERR_MAX_BUFFER' })
  t.is((await reader.bytes()).length, 10)
  const other = openReader()
  other.pipe.feed('{"a":')
  await t.throwsAsync(other.reader.text({ timeout: 0 }), { code: 'ERR_TIMEOUT' })
  const controller = new AbortController()
  const text = other.reader.text({ signal: controller.signal })
  await turns()
  controller.abort()
  await t.throwsAsync(text, { code: 'ABORT_ERR' })
  const json = other.reader.json()
  other.pipe.feed('1}')
  other.pipe.writer.close()
  t.deepEqual(await json, { a: 1 })
})

test('with read-ahead the blocks come from the other lane', async t => {
  const { pipe, reader } = openReader()
  pipe.reader.readsAhead = true
  const read = reader.read()
  pipe.feed('abc')
  t.is(latin(await read), 'abc')
  pipe.feed('def')
  const buffer = new Uint8Array(2)
  t.is(await reader.readInto(buffer), 2)
  pipe.writer.close()
  t.is(await reader.text(), 'f')
})

test('when the I/O thread dies, what waits is rejected and so is what comes later', async t => {
  const { reader, host } = openReader()
  const read = reader.read()
  host.die()
  await t.throwsAsync(read, { code: 'EIO' })
  await t.throwsAsync(reader.read(), { code: 'EIO' })
  t.is(host.refs, 0)
})

test('any program of reads gives the bytes in order, each once', async t => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('feed' as const), size: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ do: fc.constant('read' as const), size: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant('exact' as const), size: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant('abort' as const), size: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant('loop' as const), size: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('turn' as const), size: fc.constant(1) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const { pipe, reader } = openReader()
      const seen: Promise<Uint8Array | null>[] = []
      const aborts: AbortController[] = []
      let fed = 0
      const feed = (size: number): void => {
        pipe.feed(Uint8Array.from({ length: size }, () => fed++ & 255))
      }
      for (const { do: action, size } of steps) {
        if (action === 'feed') feed(size)
        if (action === 'read') seen.push(reader.read({ maxBytes: size }))
        if (action === 'exact') seen.push(reader.readExactly(size).catch(() => null))
        if (action === 'turn') await turns(1)
        if (action === 'abort') {
          const controller = new AbortController()
          seen.push(reader.readExactly(size, { signal: controller.signal }).catch(() => null))
          aborts.push(controller)
        }
        if (action === 'loop') {
          const iterator = reader[Symbol.asyncIterator]()
          const chunks = Array.from({ length: size }, () => iterator.next())
          seen.push(...chunks.map(async chunk => (await chunk).value ?? null))
          await iterator.return?.()
          for (const controller of aborts.splice(0)) controller.abort()
        }
      }
      pipe.writer.close()
      const parts = await Promise.all(seen)
      const rest = await reader.bytes()
      const all = Buffer.concat([...parts.filter(part => part !== null), rest])
      return all.length === fed && all.every((byte, at) => byte === (at & 255))
    }),
    { numRuns: 300 },
  )
  t.pass()
})
