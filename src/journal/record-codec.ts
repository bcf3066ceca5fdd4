// Records as bytes and back: the length of the body, then kind, flags, length of the processor's name, sequence, epoch, name, payload.
// crates/journal/src/record.rs reads the same layout. Checksums are its own matter.
import { FIXED_BYTES } from '../record-limits.ts'
import { nameBytes } from './record-check.ts'
import type { JournalRecord } from './types.ts'

const KINDS = { event: 1, published: 2, epoch: 3 } as const
const HAS_PROCESSOR = 1
const HAS_EPOCH = 2
const HAS_PAYLOAD = 4
const LENGTH_BYTES = 4
const HIGH = 2 ** 32

const SMALLEST = 64 * 1024
const LARGEST_KEPT = 1024 * 1024

/** Records that wait for the next hand-over to the journal's thread, in one piece of memory that is used again. */
export class RecordBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  length = 0
  #view = new DataView(this.bytes.buffer)

  /** Adds checked records that take `size` bytes in all. */
  add(records: readonly JournalRecord[], size: number): void {
    if (this.length + size > this.bytes.length) this.#grow(this.length + size)
    const before = this.length
    try {
      for (let at = 0; at < records.length; at++) this.#put(records[at] as JournalRecord)
    } catch (error) {
      // A record that changes while it is looked at must not leave half of itself.
      this.length = before
      throw error
    }
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > LARGEST_KEPT) this.#resize(new Uint8Array(0))
  }

  #put({ kind, sequence, processor, epoch, payload }: JournalRecord): void {
    const view = this.#view
    const at = this.length
    const name = processor === undefined ? undefined : nameBytes(processor)
    const nameLength = name === undefined ? 0 : name.byteLength
    const end = at + FIXED_BYTES + nameLength + (payload === undefined ? 0 : payload.byteLength)
    view.setUint32(at, end - at - LENGTH_BYTES, true)
    view.setUint8(at + 4, KINDS[kind])
    const flags = (name === undefined ? 0 : HAS_PROCESSOR) | (epoch === undefined ? 0 : HAS_EPOCH)
    view.setUint8(at + 5, flags | (payload === undefined ? 0 : HAS_PAYLOAD))
    view.setUint16(at + 6, nameLength, true)
    putNumber(view, at + 8, sequence)
    putNumber(view, at + 16, epoch ?? 0)
    if (name !== undefined) this.bytes.set(name, at + FIXED_BYTES)
    if (payload !== undefined) this.bytes.set(payload, at + FIXED_BYTES + nameLength)
    this.length = end
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, this.bytes.length * 2, SMALLEST))
    larger.set(this.bytes.subarray(0, this.length))
    this.#resize(larger)
  }

  #resize(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

/** Records of a block that was read, one by one. */
export class RecordBlock {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** undefined when there are no more. The payload is a copy: keeping one does not keep the block. */
  next(): JournalRecord | undefined {
    const at = this.#at
    if (at >= this.#bytes.length) return undefined
    const view = this.#view
    const end = at + LENGTH_BYTES + view.getUint32(at, true)
    const flags = view.getUint8(at + 5)
    const payloadAt = at + FIXED_BYTES + view.getUint16(at + 6, true)
    this.#at = end
    return {
      kind: kindOf(view.getUint8(at + 4)),
      sequence: numberAt(view, at + 8),
      ...(flags & HAS_PROCESSOR ? { processor: nameAt(this.#bytes, at + FIXED_BYTES, payloadAt) } : undefined),
      ...(flags & HAS_EPOCH ? { epoch: numberAt(view, at + 16) } : undefined),
      ...(flags & HAS_PAYLOAD ? { payload: this.#bytes.slice(payloadAt, end) } : undefined),
    }
  }
}

function kindOf(code: number): JournalRecord['kind'] {
  return code === KINDS.event ? 'event' : code === KINDS.published ? 'published' : 'epoch'
}

function nameAt(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
}

function putNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % HIGH, true)
  view.setUint32(at + 4, value / HIGH, true)
}

function numberAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true)
}
