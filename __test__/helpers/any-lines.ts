// Bytes and line options for properties: such that delimiters, cut characters and lines at the limit are frequent.
import fc from 'fast-check'
import type { LineOptions } from '../../src/process/byte-types.ts'

const byte = fc.oneof(
  fc.constantFrom(10, 13, 97, 98, 0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82, 0xac, 0xc3, 0xa9),
  fc.integer({ min: 0, max: 255 }),
)

/** Pieces in which the input comes. */
export const anyPieces: fc.Arbitrary<Uint8Array[]> = fc.array(
  fc.array(byte, { maxLength: 20 }).map(bytes => Uint8Array.from(bytes)),
  { maxLength: 10 },
)

const encodings = fc.constantFrom<'utf8' | 'latin1'>('utf8', 'latin1')
const delimiters = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r', 'aa', 'aab', '€', 'é'),
  fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', 'é', '€'), minLength: 1, maxLength: 4 }),
)

export const anyLineOptions: fc.Arbitrary<LineOptions> = fc
  .record(
    {
      encoding: encodings,
      delimiter: delimiters,
      keepDelimiter: fc.boolean(),
      maxLength: fc.integer({ min: 1, max: 25 }),
    },
    { requiredKeys: [] },
  )
  // What latin1 can't spell is refused, which is another test's matter.
  .map(options =>
    options.encoding === 'latin1' && options.delimiter?.includes('€') ? { ...options, delimiter: 'é' } : options,
  )
