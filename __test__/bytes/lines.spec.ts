// Lines: the same for every cut of the input, and nothing is lost by leaving.
import fc from 'fast-check'
import test from 'ava'
import type { LineOptions } from '../../src/process/byte-types.ts'
import { lineSettings } from '../../src/lines/index.ts'
import { LineSplitter } from '../../src/lines/index.ts'
import { anyLineOptions, anyPieces } from '../helpers/any-lines.ts'
import { holds, patience } from '../helpers/effort.ts'
import { plainLines } from '../helpers/plain-lines.ts'
import { latin, openReader, stateOf, turns } from './fake-endpoint.ts'

function reference(input: Uint8Array, options?: LineOptions): string[] {
  return plainLines(input, options).lines
}

function split(pieces: readonly Uint8Array[], options?: LineOptions): string[] {
  const splitter = new LineSplitter(lineSettings(options))
  const lines: string[] = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const { memory, offset, room } = splitter.reserve()
      const part = piece.subarray(at, at + room)
      memory.set(part, offset)
      lines.push(...splitter.commit(part.length))
      if (splitter.isTooLong) return lines
      at += part.length
    }
  }
  splitter.reserve()
  return [...lines, ...splitter.finish()]
}

const samples: [name: string, input: string | Uint8Array, options: LineOptions][] = [
  ['emoji', 'a😀\n😀😀\r\n\n😀', {}],
  ['CRLF', 'one\r\ntwo\r\r\n\r\nthree\r', {}],
  ['kept delimiters', 'one\r\ntwo\n\nthree', { keepDelimiter: true }],
  ['a long delimiter', 'aENDbENDENDENEcEN', { delimiter: 'END' }],
  ['a delimiter that overlaps itself', 'aaabaaaa', { delimiter: 'aa' }],
  ['a delimiter of several bytes', 'x→y→→z', { delimiter: '→' }],
  ['latin1', Uint8Array.of(0xe9, 10, 0xff, 13, 10, 0xc3), { encoding: 'latin1' }],
  [
    'invalid UTF-8',
    Uint8Array.of(0xf0, 0x9f, 10, 0x80, 0xff, 13, 10, 0xe2, 0x82, 0xc3, 0x28, 10, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98),
    {},
  ],
  ['a byte order mark', '\uFEFFa\n\uFEFFb', {}],
]

for (const [name, input, options] of samples) {
  test(`the same lines for every cut: ${name}`, t => {
    const bytes = typeof input === 'string' ? new Uint8Array(Buffer.from(input)) : input
    const expected = reference(bytes, options)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        t.deepEqual(split(pieces, options), expected)
      }
    }
    t.deepEqual(
      split(
        [...bytes].map(byte => Uint8Array.of(byte)),
        options,
      ),
      expected,
    )
  })
}

test('any bytes in any cut give the lines of the whole, up to one that is too long', async t => {
  t.timeout(patience)
  await holds(
    fc.property(anyPieces, anyLineOptions, (pieces, options) => {
      t.deepEqual(split(pieces, options), reference(Buffer.concat(pieces), options))
    }),
    3000,
  )
})

test('lines longer than a read', t => {
  const long = Buffer.from(`${'x'.repeat(300_000)}\r\n${'y'.repeat(70_000)}\nz`)
  t.deepEqual(split([long]), reference(long))
  t.deepEqual(split([long], { delimiter: '\r\n' }), reference(long, { delimiter: '\r\n' }))
})

test('leaving after any count of lines gives the rest back as the bytes it came as', async t => {
  const input = Uint8Array.of(0xff, 10, 97, 13, 10, 10, 0xf0, 0x9f, 10, 98)
  for (let count = 1; count <= 5; count++) {
    const { pipe, reader } = openReader()
    pipe.feed(input.subarray(0, 4))
    const lines: string[] = []
    const loop = (async () => {
      for await (const line of reader.lines()) if (lines.push(line) === count) break
    })()
    await turns()
    pipe.feed(input.subarray(4))
    if (count === 5) pipe.writer.close()
    await loop
    pipe.writer.close()
    const expected = reference(input)
    t.deepEqual(lines, expected.slice(0, count))
    t.deepEqual(reference(await reader.bytes()), expected.slice(count))
  }
})

test('read, batches and iterators share the lines', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('a\nb\nc\nd\ne')
  const lines = reader.lines()
  t.is(await lines.read(), 'a')
  const iterator = lines[Symbol.asyncIterator]()
  t.deepEqual(await iterator.next(), { done: false, value: 'b' })
  const batches = lines.batches()[Symbol.asyncIterator]()
  t.deepEqual(await batches.next(), { done: false, value: ['c', 'd'] })
  const reads = [lines.read(), lines.read(), lines.read()]
  t.is(await stateOf(reads[0]!), 'pending')
  pipe.feed('E\nf\n')
  pipe.writer.close()
  t.deepEqual(await Promise.all(reads), ['eE', 'f', null])
  t.is(await lines.read(), null)
  t.true((await batches.next()).done)
  t.is(await reader.read(), null)
})

test('a parked line is given up at once, and the beginning of it is not lost', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('begin')
  const lines = reader.lines()
  const controller = new AbortController()
  const aborted = lines.read({ signal: controller.signal })
  await turns()
  controller.abort()
  await t.throwsAsync(aborted, { code: 'ABORT_ERR' })
  await t.throwsAsync(reader.read(), { code: 'ERR_READER_BUSY' })
  const iterator = lines[Symbol.asyncIterator]()
  const parked = iterator.next()
  t.deepEqual(await iterator.return?.(), { done: true, value: undefined })
  t.deepEqual(await parked, { done: true, value: undefined })
  t.is(latin(await reader.read()), 'begin')
})

test('a line that is too long is an error, after the lines before it, and stays readable', async t => {
  for (const tail of ['abcdef\nx', 'abcdef']) {
    const { pipe, reader } = openReader()
    pipe.feed(`one\r\nabcd\r\n${tail}`)
    const lines = reader.lines({ maxLength: 4 })
    t.is(await lines.read(), 'one')
    t.is(await lines.read(), 'abcd')
    await t.throwsAsync(lines.read(), { code: 'ERR_LINE_TOO_LONG' })
    t.is(latin(await reader.read()), tail)
  }
  const whole = Buffer.from('abcEND')
  t.deepEqual(split([whole.subarray(0, 5), whole.subarray(5)], { delimiter: 'END', maxLength: 3 }), ['abc'])
})

test('an end that is an error comes after the last line', async t => {
  const cut = new Error('terminated')
  const { pipe, reader } = openReader({ endError: () => cut })
  pipe.feed('a\nb')
  pipe.writer.close()
  const lines = reader.lines()
  t.deepEqual([await lines.read(), await lines.read()], ['a', 'b'])
  t.is(await t.throwsAsync(lines.read()), cut)
  t.is(await t.throwsAsync(lines.read()), cut)
})

test('cancel of the lines cancels the reader', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('a\nb\n')
  const lines = reader.lines()
  t.is(await lines.read(), 'a')
  await lines[Symbol.asyncDispose]()
  t.true(pipe.reader.isClosed)
  await t.throwsAsync(lines.read(), { code: 'ERR_READER_CLOSED' })
})

test('options are checked', t => {
  const { reader } = openReader()
  const wrong = [
    { delimiter: '' },
    { delimiter: '€', encoding: 'latin1' as const },
    { delimiter: '\ud800' },
    { maxLength: 0 },
  ]
  for (const options of wrong) t.throws(() => reader.lines(options), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => reader.lines({ encoding: 'utf16' as 'utf8' }), { code: 'ERR_INVALID_OPTION', message: /`encoding`/ })
})
