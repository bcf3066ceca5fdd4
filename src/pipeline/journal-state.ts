// What a journal says when a pipeline opens: which events there are, and how far each processor came.
import { Deque } from '../deque.ts'
import type { Journal, JournalRecord } from '../journal/index.ts'

/** A processor that the journal knows. */
export interface Registered {
  published: number
  epoch: number
  /** It was removed: only its epoch is kept, so that it never counts backwards. */
  isGone: boolean
}

export interface JournalState {
  readonly processors: Map<string, Registered>
  /** The oldest event that is kept, or the next one. */
  first: number
  last: number
  /** Some events are there more than once; the last record of each counts. */
  hasRepeats: boolean
  /** Of the newest events, as many as a ring holds, oldest first. */
  readonly payloads: Deque<Uint8Array>
}

export async function replayed(journal: Journal, ring: number): Promise<JournalState> {
  const state: JournalState = { processors: new Map(), first: 0, last: 0, hasRepeats: false, payloads: new Deque() }
  let floor = 0
  for await (const record of journal.replay()) {
    if (record.kind === 'event') addEvent(state, record, ring)
    else {
      addProgress(state.processors, record)
      floor = Math.max(floor, record.kind === 'epoch' ? record.sequence - 1 : record.sequence)
    }
  }
  // Events that all have published may be gone, the last one included.
  if (floor > state.last) {
    state.last = floor
    state.payloads.drain()
    state.first = 0
  }
  if (state.first === 0) state.first = state.last + 1
  return state
}

function addEvent(state: JournalState, { sequence, payload }: JournalRecord, ring: number): void {
  if (sequence <= state.last) {
    // A rejected append may have left events behind, whose sequences were given out once more.
    state.hasRepeats = true
    for (const payload of state.payloads.drain().slice(0, sequence - state.last - 1)) state.payloads.push(payload)
  } else if (sequence > state.last + 1) {
    // A gap makes all before it useless.
    state.payloads.drain()
    state.first = 0
  }
  if (state.first === 0) state.first = sequence
  state.last = sequence
  state.payloads.push(payload ?? new Uint8Array())
  if (state.payloads.length > ring) state.payloads.shift()
}

/** An epoch record says where the epoch began; 0 says that the processor is gone. */
function addProgress(processors: Map<string, Registered>, record: JournalRecord): void {
  const { processor = '', sequence, epoch = 0 } = record
  const known = processors.get(processor)
  if (record.kind === 'epoch') {
    processors.set(processor, { published: Math.max(0, sequence - 1), epoch, isGone: sequence === 0 })
  } else if (known === undefined) processors.set(processor, { published: sequence, epoch, isGone: false })
  // Of an older epoch: it was on its way when the processor started anew.
  else if (epoch >= known.epoch && !known.isGone) known.published = sequence
}

/** How many records of an event are to be passed over, for those that have more than one. */
export async function repeatsIn(journal: Journal): Promise<Map<number, number>> {
  const repeats = new Map<number, number>()
  let last = 0
  for await (const { kind, sequence } of journal.replay()) {
    if (kind !== 'event') continue
    for (let again = sequence; again <= last; again++) repeats.set(again, (repeats.get(again) ?? 0) + 1)
    last = sequence
  }
  return repeats
}
