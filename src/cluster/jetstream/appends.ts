// Appending events: one append of this client at a time, all of its events or none, and never twice, however often it had to be sent.
//
// Why not twice: each event carries an id that no other one has, and the server refuses ids that it has seen in the last two minutes, while
// an append is given up after ten seconds. Why all or none: what is more than one event travels as an atomic batch, which the server
// stores when its last message is there, or drops. Why fenced: the server compares the last sequence, of the stream or of the events
// that were appended in epochs, in the same step in which it stores.
import type { Msg } from '@nats-io/transport-node'
import { invalidOption } from '../../errors.ts'
import type { AppendOptions } from '../checks.ts'
import { conflict, fencedAppend, tooLarge } from '../cluster-errors.ts'
import { REQUEST, type Connection } from './connection.ts'
import { Delivery } from './delivery.ts'
import type { Names } from './names.ts'
import { Again, isRefusal, isWrongLast, Refusal, REFUSAL } from './refusals.ts'
import type { EventStream } from './streams.ts'

// The server's limit.
const MOST = 1000
// What the headers of one message may take of its largest size.
const HEADERS = 512
const SEARCH_BYTES = 1024 * 1024
const EPOCH = 'Sluicegate-Epoch'
const ID = 'Nats-Msg-Id'

/** What the server shall compare before it stores. */
type Fence = ReadonlyMap<string, number>

export class Appends {
  readonly #connection: Connection
  readonly #names: Names
  readonly #id: string
  #count = 0
  #last: Promise<unknown> = Promise.resolve()
  #seen: number
  #maxPayload = 0
  readonly #maxMessage: number

  constructor(connection: Connection, names: Names, { last, maxMessage }: EventStream) {
    this.#connection = connection
    this.#names = names
    this.#id = connection.transport.nuid.next()
    this.#seen = last
    this.#maxMessage = maxMessage
  }

  /** An event of that sequence was there, so what is appended from now on comes later. */
  saw(sequence: number): void {
    this.#seen = Math.max(this.#seen, sequence)
  }

  append(payloads: readonly Uint8Array[], options: AppendOptions): Promise<number> {
    if (payloads.length > MOST) throw invalidOption('payloads', `no more than ${MOST} in one append`, payloads.length)
    this.#checkSizes(payloads)
    // The memory is its owner's again as soon as this returns, whoever has to be waited for, and however often it is sent.
    const copies = payloads.map(payload => payload.slice())
    const append = this.#last.then(() => this.#append(copies, options))
    this.#last = append.catch(() => {})
    return append
  }

  /** The last event there is, of whomever. */
  end(): Promise<number> {
    return this.#connection.call('Asking for the end', async () => await this.#end({}))
  }

  async #append(payloads: readonly Uint8Array[], options: AppendOptions): Promise<number> {
    const id = `${this.#id}.${++this.#count}`
    const after = this.#seen
    const last = await this.#connection.call('Appending', async ({ isRepeated }) => {
      const stored = (): Promise<number | undefined> => this.#find(idOf(id, payloads.length), after)
      const before = isRepeated ? await stored() : undefined
      if (before !== undefined) return before
      const fence = await this.#fence(options)
      if (payloads.length === 0) return await this.#end(options)
      try {
        return await this.#publish(payloads, id, options.epoch, fence)
      } catch (error) {
        const isDouble = isRefusal(error, REFUSAL.duplicateInBatch)
        if (!isDouble && !isWrongLast(error)) throw error
        // A try before this one may have been stored in the meantime. If it was not, its fence keeps it out from now on.
        const meanwhile = isRepeated ? await stored() : undefined
        if (meanwhile !== undefined) return meanwhile
        await this.#end(options)
        throw new Again('somebody else appended')
      }
    })
    this.saw(last)
    return last
  }

  #checkSizes(payloads: readonly Uint8Array[]): void {
    const { info } = this.#connection.nc
    if (info !== undefined) this.#maxPayload = info.max_payload
    const largest = Math.min(this.#maxPayload, this.#maxMessage)
    const large = payloads.find(({ length }) => length > largest - HEADERS)
    if (large !== undefined) {
      throw tooLarge(large, `the server takes ${largest - HEADERS}: ${largest} less ${HEADERS} for the headers`)
    }
  }

  /** The last event, which must be the one that is expected. */
  async #end({ expectedSequence }: AppendOptions): Promise<number> {
    const { state } = await this.#connection.manager.streams.info(this.#names.stream)
    if (expectedSequence !== undefined && expectedSequence !== state.last_seq) {
      throw conflict(expectedSequence, state.last_seq)
    }
    return state.last_seq
  }

  async #fence({ epoch, expectedSequence }: AppendOptions): Promise<Fence> {
    const fence = new Map<string, number>()
    if (expectedSequence !== undefined) fence.set('Nats-Expected-Last-Sequence', expectedSequence)
    if (epoch === undefined) return fence
    const { stream, fenced } = this.#names
    const newest = await this.#connection.manager.streams.getMessage(stream, { last_by_subj: fenced })
    const current = Number(newest?.header.get(EPOCH) ?? 0)
    if (current > epoch) throw fencedAppend(epoch, current)
    return fence.set('Nats-Expected-Last-Subject-Sequence', newest?.seq ?? 0)
  }

  async #publish(
    payloads: readonly Uint8Array[],
    id: string,
    epoch: number | undefined,
    fence: Fence,
  ): Promise<number> {
    const { nc, transport } = this.#connection
    const subject = epoch === undefined ? this.#names.subject : this.#names.fenced
    const batch = transport.nuid.next()
    for (const [i, payload] of payloads.entries()) {
      const headers = transport.headers()
      headers.set(ID, idOf(id, i + 1))
      if (epoch !== undefined) headers.set(EPOCH, String(epoch))
      if (i === 0) for (const [key, value] of fence) headers.set(key, String(value))
      if (payloads.length > 1) {
        headers.set('Nats-Batch-Id', batch)
        headers.set('Nats-Batch-Sequence', String(i + 1))
      }
      if (i < payloads.length - 1) {
        nc.publish(subject, payload, { headers })
        continue
      }
      if (payloads.length > 1) headers.set('Nats-Batch-Commit', '1')
      return sequenceOf(await nc.request(subject, payload, { headers, timeout: REQUEST }))
    }
    return 0
  }

  /** The sequence of the message with this id, if it came after that one. */
  async #find(id: string, after: number): Promise<number | undefined> {
    const delivery = new Delivery(this.#connection, this.#names.stream, readId, true)
    try {
      for (let from = after + 1; ;) {
        const page = await delivery.take(from, SEARCH_BYTES, false)
        const found = page.find(message => message.id === id)
        if (found !== undefined || page.length === 0) return found?.sequence
        from = (page.at(-1)?.sequence ?? from) + 1
      }
    } finally {
      delivery.end()
    }
  }
}

interface Found {
  readonly sequence: number
  readonly id: string | undefined
}

function readId(sequence: number, { headers }: Msg): Found {
  return { sequence, id: headers?.get(ID) }
}

function idOf(append: string, n: number): string {
  return `${append}.${n}`
}

interface Answer {
  readonly seq?: number
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string }
}

function sequenceOf(message: Msg): number {
  const { seq, error } = message.json<Answer>()
  if (error !== undefined) throw new Refusal(error.description, error.err_code, error.code)
  return seq ?? 0
}
