import test from 'ava'
import { Collector, shape } from '../../src/process/collect.ts'
import { collectOptions } from '../../src/process/options/collect.ts'
import { ByteTail } from '../../src/process/byte-tail.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function collected(options: object, ...chunks: string[]): unknown {
  const collector = new Collector(collectOptions({ ...options }))
  for (const chunk of chunks) collector.push(bytes(chunk))
  return collector.value()
}

test('text loses one final newline, of either kind, unless told otherwise', t => {
  t.is(collected({}, 'a\n\n'), 'a\n')
  t.is(collected({}, 'a\r\n'), 'a')
  t.is(collected({}, 'a\r'), 'a\r')
  t.is(collected({ stripFinalNewline: false }, 'a\n'), 'a\n')
})

test('bytes are given as they came', t => {
  t.deepEqual(collected({ encoding: 'buffer' }, 'a\n'), bytes('a\n'))
  t.deepEqual(collected({ encoding: 'buffer', stripFinalNewline: true }, 'a\n'), bytes('a'))
})

test('lines have no delimiters, and nothing has no lines', t => {
  t.deepEqual(collected({ lines: true }, 'a\r', '\nb\n\n', 'c'), ['a', 'b', '', 'c'])
  t.deepEqual(collected({ lines: true }, 'a\n'), ['a'])
  t.deepEqual(collected({ lines: true }), [])
})

test('characters that chunks cut are whole, and what is no character is U+FFFD', t => {
  const whole = bytes('héllo')
  const collector = new Collector(collectOptions({}))
  for (const byte of whole) collector.push(Uint8Array.of(byte))
  t.is(collector.value(), 'héllo')
  t.is(shape(Uint8Array.of(0x61, 0xff), collectOptions({})), 'a\uFFFD')
  t.is(shape(Uint8Array.of(0xe9), collectOptions({ encoding: 'latin1' })), 'é')
})

test('maxBuffer keeps exactly that many bytes, of the start or of the end', t => {
  for (const [onMaxBuffer, expected] of [
    ['error', 'abcd'],
    ['head', 'abcd'],
    ['tail', 'efgh'],
  ] as const) {
    t.is(collected({ maxBuffer: 4, onMaxBuffer }, 'abc', 'de', 'fgh'), expected)
  }
  const exact = new Collector(collectOptions({ maxBuffer: 3 }))
  exact.push(bytes('abc'))
  t.false(exact.overflowed)
  exact.push(bytes('d'))
  t.true(exact.overflowed)
})

test('looking at a tail again and again takes no more memory', t => {
  const tail = new ByteTail(1000)
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < 1000; at++) {
    tail.push(Uint8Array.of(at))
    t.is(tail.bytes().length, at + 1)
  }
  // What was given out is half a MB by itself.
  t.true(process.memoryUsage().arrayBuffers - before < 2 * 1024 * 1024)
  t.is(tail.bytes()[999], 999 % 256)
})

test('a tail of any length keeps exactly the last bytes, whatever the pieces', t => {
  const all = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251)
  for (const limit of [0, 1, 1000, 65_536, 200_000]) {
    for (const size of [1, 7, 4096, 30_000]) {
      const tail = new ByteTail(limit)
      for (let at = 0; at < all.length; at += size) tail.push(all.subarray(at, at + size))
      const kept = tail.bytes()
      t.is(kept.length, Math.min(limit, all.length))
      t.true(Buffer.from(kept).equals(all.subarray(all.length - kept.length)))
    }
  }
})
