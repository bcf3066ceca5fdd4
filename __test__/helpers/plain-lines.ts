// Lines of the whole input, the slow and obvious way: bytes are cut first, each line is decoded by itself.
import type { LineOptions } from '../../src/process/byte-types.ts'

export interface PlainLines {
  readonly lines: string[]
  /** From the first line on that is too long; undefined when there is none. */
  readonly rest: Buffer | undefined
}

export function plainLines(input: Uint8Array, options: LineOptions = {}): PlainLines {
  const { delimiter = '\n', encoding = 'utf8', keepDelimiter = false, maxLength = Infinity } = options
  const pattern = Buffer.from(delimiter, encoding)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const decode = (bytes: Buffer): string => (encoding === 'utf8' ? decoder.decode(bytes) : bytes.toString('latin1'))
  const lines: string[] = []
  let rest = Buffer.from(input)
  for (let at = rest.indexOf(pattern); at >= 0; at = rest.indexOf(pattern)) {
    const end = delimiter === '\n' && at > 0 && rest[at - 1] === 13 ? at - 1 : at
    if (end > maxLength) return { lines, rest }
    lines.push(decode(rest.subarray(0, keepDelimiter ? at + pattern.length : end)))
    rest = rest.subarray(at + pattern.length)
  }
  if (rest.length > maxLength) return { lines, rest }
  if (rest.length > 0) lines.push(decode(rest))
  return { lines, rest: undefined }
}
