// Writes to a pipe: order, coalescing, the end, and what a closed pipe does to whom.
import fc from 'fast-check'
import test from 'ava'
import { latin, openWriter, stateOf, turns } from './fake-endpoint.ts'

test('a write the pipe has room for settles at once', async t => {
  const { pipe, writer } = openWriter()
  await writer.write('héllo')
  await writer.write(Uint8Array.of(33))
  t.is(Buffer.from(pipe.held).toString(), 'héllo!')
  t.is(writer.bytesWritten, 7)
  t.is(writer.pendingBytes, 0)
  t.is(pipe.writer.arms, 0)
})

test('writes keep their order, are never interleaved, and settle when their last byte was taken', async t => {
  const { pipe, writer, host } = openWriter(4)
  const order: number[] = []
  const writes = ['abcdef', 'gh', Uint8Array.of(105), 'j'].map((chunk, at) =>
    writer.write(chunk).then(() => order.push(at)),
  )
  t.is(writer.pendingBytes, 6)
  t.is(writer.tryWrite(Uint8Array.of(1)), 0)
  t.is(host.refs, 1)
  t.is(latin(pipe.drain()), 'abcd')
  await turns()
  t.deepEqual(order, [0, 1])
  t.is(latin(pipe.drain()), 'efgh')
  await Promise.all(writes)
  t.deepEqual(order, [0, 1, 2, 3])
  t.is(latin(pipe.drain()), 'ij')
  t.is(writer.pendingBytes, 0)
  t.is(host.refs, 0)
})

test('an end that tries once leaves no rejection behind when its chunk fails later', async t => {
  const rejections: unknown[] = []
  const note = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', note)
  const { pipe, writer } = openWriter(4)
  await t.throwsAsync(writer.end('abcdef', { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  pipe.reader.close()
  await writer.closed
  await turns()
  process.off('unhandledRejection', note)
  t.deepEqual(rejections, [])
})

test('what waits was copied: later changes by its owner have no effect', async t => {
  const { pipe, writer } = openWriter(1)
  const chunk = Buffer.from('abc')
  const written = writer.write(chunk)
  chunk.fill('z')
  const seen: string[] = []
  for (let i = 0; i < 3; i++) {
    seen.push(latin(pipe.drain()))
    await turns()
  }
  await written
  t.is(seen.join(''), 'abc')
})

test('a large buffer that is detached while it waits is an error, not a crash, and the next write goes on', async t => {
  const { pipe, writer } = openWriter(4)
  const chunk = new Uint8Array(200_000).fill(120)
  const written = writer.write(chunk)
  const next = writer.write('next')
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] })
  pipe.drain()
  await t.throwsAsync(written, { code: 'ERR_INVALID_OPTION' })
  await next
  t.is(latin(pipe.drain()), 'next')
  t.is(writer.pendingBytes, 0)
  await t.throwsAsync(writer.write(chunk), { code: 'ERR_INVALID_OPTION' })
})

test('many small writes need few system calls', async t => {
  const { pipe, writer } = openWriter(65_536)
  pipe.feed(new Uint8Array(65_536))
  const count = 100_000
  let last = Promise.resolve()
  for (let i = 0; i < count; i++) last = writer.write('x')
  t.is(writer.pendingBytes, count)
  for (let i = 0; i < 10 && writer.pendingBytes > 0; i++) {
    pipe.drain()
    await turns()
  }
  await last
  t.is(writer.bytesWritten, count)
  t.true(pipe.writer.writes < 100)
})

test('a huge text is encoded piece by piece, without breaking a character', async t => {
  const { pipe, writer } = openWriter(1 << 20)
  const text = `x${'😀é'.repeat(60_000)}\ud800`
  const written = writer.write(text)
  const seen: Uint8Array[] = []
  while ((await Promise.race([written.then(() => true), turns(1)])) !== true) seen.push(pipe.drain())
  seen.push(pipe.drain())
  t.true(Buffer.concat(seen).equals(Buffer.from(text)))
  t.is(writer.pendingBytes, 0)
})

test('an abort removes a write that has not begun, and has no effect on one that has', async t => {
  const { pipe, writer } = openWriter(2)
  const controller = new AbortController()
  const { signal } = controller
  const begun = writer.write('abc', { signal })
  const waiting = writer.write('def', { signal })
  const after = writer.write('g')
  controller.abort()
  await t.throwsAsync(waiting, { code: 'ABORT_ERR' })
  t.is(await stateOf(begun), 'pending')
  pipe.drain()
  await Promise.all([begun, after])
  t.is(latin(pipe.drain()), 'cg')
  await t.throwsAsync(writer.write('x', { signal }), { code: 'ABORT_ERR' })
  pipe.feed('..')
  await t.throwsAsync(writer.write('x', { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  t.is(writer.pendingBytes, 0)
})

test('a closed reader rejects the writes that wait, the next ones, and the end; nothing is unhandled', async t => {
  const { pipe, writer, host } = openWriter(2)
  const first = writer.write('abcd')
  void writer.write('ignored')
  void writer.end()
  pipe.reader.close()
  await t.throwsAsync(first, { code: 'EPIPE', message: 'write EPIPE' })
  await writer.closed
  await t.throwsAsync(writer.write('x'), { code: 'EPIPE' })
  await t.throwsAsync(writer.end(), { code: 'EPIPE' })
  t.throws(() => writer.tryWrite(Uint8Array.of(1)), { code: 'EPIPE' })
  t.true(writer.isClosed)
  t.is(writer.pendingBytes, 0)
  t.is(host.refs, 0)
  // A rejection without a handler would fail this spec's process.
  const other = openWriter()
  other.pipe.reader.close()
  void other.writer.write('ignored')
  await turns()
})

test('end waits for what was written, once for all calls', async t => {
  const { pipe, writer } = openWriter(2)
  const ended = writer.end('abcd')
  t.is(writer.isClosed, false)
  await t.throwsAsync(writer.write('x'), { code: 'ERR_WRITER_CLOSED' })
  await t.throwsAsync(writer.end(undefined, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  pipe.drain()
  await turns()
  pipe.drain()
  await ended
  await writer.end()
  await writer.closed
  t.true(pipe.writer.isClosed)
  await t.throwsAsync(writer.end('x'), { code: 'ERR_WRITER_CLOSED' })
})

test('arguments are checked without side effect', async t => {
  const { pipe, writer } = openWriter()
  await t.throwsAsync(writer.write(5 as unknown as string), {
    code: 'ERR_INVALID_OPTION',
    message: /`chunk`.*received 5/,
  })
  await t.throwsAsync(writer.end(5 as unknown as string), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(writer.write('x', { timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  t.is(pipe.writer.writes, 0)
  t.false(writer.isClosed)
})

test('any writes through any capacity arrive as they were written', async t => {
  const chunk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.uint8Array({ maxLength: 50 }),
    fc.record({ signal: fc.boolean(), bytes: fc.uint8Array({ maxLength: 50 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 30 }), fc.integer({ min: 1, max: 60 }), async (chunks, capacity) => {
      const { pipe, writer } = openWriter(capacity)
      const expected: Uint8Array[] = []
      const writes: Promise<void>[] = []
      for (const one of chunks) {
        const bytes = typeof one === 'string' ? Buffer.from(one) : one instanceof Uint8Array ? one : one.bytes
        const options = typeof one === 'object' && 'signal' in one && one.signal ? { timeout: 60_000 } : undefined
        expected.push(bytes.slice())
        writes.push(writer.write(typeof one === 'string' ? one : bytes, options))
        if (typeof one !== 'string') bytes.fill(0)
      }
      const ended = writer.end()
      const seen: Uint8Array[] = []
      while (!pipe.writer.isClosed) {
        seen.push(pipe.drain())
        await turns(1)
      }
      seen.push(pipe.drain())
      await Promise.all([...writes, ended])
      return Buffer.concat(seen).equals(Buffer.concat(expected)) && writer.pendingBytes === 0
    }),
    { numRuns: 200 },
  )
  t.pass()
})
