// Line options: validated and filled once.
import { invalidOption } from '../errors.ts'
import type { LineOptions } from '../process/byte-types.ts'

export const MAX_LINE_LENGTH: number = 1024 * 1024

export interface LineSettings {
  readonly encoding: 'utf8' | 'latin1'
  /** As text, and as the bytes that are searched for. */
  readonly delimiter: string
  readonly pattern: Buffer
  /** '\r\n' counts as well. */
  readonly takesCarriageReturn: boolean
  readonly maxLength: number
  readonly keepDelimiter: boolean
}

export function lineSettings(options: LineOptions = {}): LineSettings {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { encoding = 'utf8', delimiter = '\n', maxLength = MAX_LINE_LENGTH, keepDelimiter = false } = options
  if (encoding !== 'utf8' && encoding !== 'latin1') throw invalidOption('encoding', "'utf8' or 'latin1'", encoding)
  if (typeof delimiter !== 'string' || delimiter === '')
    throw invalidOption('delimiter', 'a string that is not empty', delimiter)
  const pattern = Buffer.from(delimiter, encoding)
  // What can't be spelled in the encoding could never be found, or would be found where it isn't.
  if (pattern.toString(encoding) !== delimiter)
    throw invalidOption('delimiter', `representable in ${encoding}`, delimiter)
  if (typeof maxLength !== 'number' || !(maxLength > 0))
    throw invalidOption('maxLength', 'a positive number of bytes', maxLength)
  if (typeof keepDelimiter !== 'boolean') throw invalidOption('keepDelimiter', 'a boolean', keepDelimiter)
  return { encoding, delimiter, pattern, takesCarriageReturn: delimiter === '\n', maxLength, keepDelimiter }
}
