// What a record may be, and how many bytes it takes. Throws for what the journal can't give back as it came.
import { invalidOption, RefusedError } from '../errors.ts'
import { FIXED_BYTES, LARGEST_APPEND, LARGEST_NAME, LARGEST_RECORD, nameLength } from '../record-limits.ts'
import type { JournalRecord } from './types.ts'

const NAMES_KEPT = 1024

const names = new Map<string, Uint8Array>()
const encoder = new TextEncoder()

/** Checks everything before anything is taken over; the bytes that the records will take. */
export function checkedSize(records: readonly JournalRecord[]): number {
  if (!Array.isArray(records)) throw invalidOption('records', 'an array', records)
  let total = 0
  for (let at = 0; at < records.length; at++) total += sizeOf(records[at] as JournalRecord, at)
  if (total > LARGEST_APPEND) {
    throw new RefusedError('ERR_ITEM_TOO_LARGE', `${total} bytes in one append, more than ${LARGEST_APPEND}`, records)
  }
  return total
}

/** A processor's name as UTF-8. Few are in use, so they are kept. */
export function nameBytes(name: string): Uint8Array {
  const known = names.get(name)
  if (known !== undefined) return known
  const bytes = encoder.encode(name)
  if (names.size >= NAMES_KEPT) names.clear()
  names.set(name, bytes)
  return bytes
}

function sizeOf(record: JournalRecord, at: number): number {
  if (record === null || typeof record !== 'object') throw invalidOption(`records[${at}]`, 'a record', record)
  const { kind, sequence, processor, epoch, payload } = record
  if (kind !== 'event' && kind !== 'published' && kind !== 'epoch') {
    throw invalidOption(`records[${at}].kind`, "'event' or 'published' or 'epoch'", kind)
  }
  if (!isCount(sequence)) throw invalidOption(`records[${at}].sequence`, 'a safe integer, 0 or more', sequence)
  if (epoch !== undefined && !isCount(epoch)) {
    throw invalidOption(`records[${at}].epoch`, 'a safe integer, 0 or more', epoch)
  }
  let size = FIXED_BYTES
  if (processor !== undefined) size += nameSize(processor, at)
  if (payload !== undefined) {
    if (!(payload instanceof Uint8Array)) throw invalidOption(`records[${at}].payload`, 'a Uint8Array', payload)
    size += payload.byteLength
  }
  if (size > LARGEST_RECORD) {
    throw new RefusedError('ERR_ITEM_TOO_LARGE', `a record of ${size} bytes, more than ${LARGEST_RECORD}`, record)
  }
  return size
}

function nameSize(processor: unknown, at: number): number {
  if (typeof processor !== 'string') throw invalidOption(`records[${at}].processor`, 'a string', processor)
  const known = names.get(processor)
  if (known !== undefined) return known.byteLength
  const length = nameLength(processor)
  if (length !== undefined) return length
  throw invalidOption(`records[${at}].processor`, `text of at most ${LARGEST_NAME} bytes of UTF-8`, processor)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
