// Who gets into a WorkQueue, when, and what happens to those who don't: the bound, the wait for room, and the overflow policies.
import { timeoutError } from '../errors.ts'
import { settleReady } from '../ready.ts'
import { stamp } from '../stamp.ts'
import type { WaitingList } from '../waiting.ts'
import { Admitted, Job } from './work-queue-job.ts'
import { dropError, type Ledger } from './work-queue-ledger.ts'
import type { JobLine } from './work-queue-line.ts'
import type { QueueSettings } from './work-queue-options.ts'
import type { Slots } from './work-queue-slots.ts'

/** The parts of one queue that decide together. */
export interface QueueParts<T, R> {
  readonly settings: QueueSettings<T>
  readonly line: JobLine<T, R>
  readonly slots: Slots<T, R>
  readonly ledger: Ledger<T, R>
  /** Those that wait for admission. */
  readonly parked: WaitingList<Job<T, R>>
}

/** A job of this value that nothing but its worker can end: started at once, or put in the line. Undefined when it can't be that, or has to wait. */
export function submitSimple<T, R>(parts: QueueParts<T, R>, value: T): Promise<R> | undefined {
  const { slots, parked } = parts
  if (!slots.areSimple || parked.length > 0) return undefined
  const entry = entryOf(parts, undefined)
  if (entry === undefined) return undefined
  if (entry === 'start') return slots.startSimple(value)
  const job = new Job<T, R>(value, 0, undefined)
  const { promise } = job
  enter(parts, job, entry)
  return promise
}

/** What became of a job that came: it is in, it was dropped on the way, it waits, or it must not wait. */
export type Reception = 'admitted' | 'parked' | 'refused'

/** Admits the job, or does with it what the overflow policy says. `mayWait` false refuses where it would wait. */
export function receive<T, R>(parts: QueueParts<T, R>, job: Job<T, R>, mayWait: boolean): Reception {
  const { settings, line, slots, ledger, parked } = parts
  const entry = parked.length === 0 ? entryOf(parts, job.key) : undefined
  if (entry !== undefined) {
    enter(parts, job, entry)
    return 'admitted'
  }
  const { overflow } = settings
  if (overflow === 'error' || (overflow === 'block' && !mayWait)) return 'refused'
  if (overflow === 'block') {
    parked.append(job)
    slots.watchRate()
    return 'parked'
  }
  if (overflow === 'drop-newest') {
    ledger.drop(job, 'newest')
    return 'admitted'
  }
  const oldest = line.oldest() ?? slots.delays.oldest()
  if (oldest !== undefined) leave(parts, oldest)
  enter(parts, job, startsNow(parts, job.key) ? 'start' : 'line')
  if (oldest !== undefined) ledger.drop(oldest, 'oldest')
  return 'admitted'
}

/** Why `receive` refused it. */
export function refusal<T, R>({ settings }: QueueParts<T, R>, job: T): Error {
  return settings.overflow === 'block' ? timeoutError('The wait for admission', 0) : dropError(job, 'newest')
}

/** Admits those that wait, first come first served, for as long as there is room. */
export function admitParked<T, R>(parts: QueueParts<T, R>): void {
  const { parked } = parts
  for (let job = parked.first; job !== undefined; job = parked.first) {
    const entry = entryOf(parts, job.key)
    if (entry === undefined) return
    parked.remove(job)
    const { offer } = job
    // An offer is over; the signal and the timeout of a submitted job go on.
    if (offer !== undefined) {
      job.guard?.disarm()
      job.guard = undefined
      settleReady(offer.admitted, new Admitted<R>(job))
    }
    enter(parts, job, entry)
  }
}

/** How many jobs would be admitted now, one after the other. */
export function room<T, R>(parts: QueueParts<T, R>): number {
  const { settings, line, slots, parked } = parts
  if (parked.length > 0) return 0
  const startable = line.startable === 0 ? slots.free : 0
  const inLine = settings.capacity - line.length - slots.delayed
  return Math.max(0, Math.min(startable + inLine, bound(parts) - slots.running - line.length - slots.delayed))
}

/** Takes out a job that waits for a slot or for another try. */
export function leave<T, R>({ line, slots }: QueueParts<T, R>, job: Job<T, R>): void {
  if (!slots.delays.remove(job)) line.drop(job)
}

// Jobs in all. Without this bound, jobs that fail and are put off would make room for ever more of them.
function bound<T, R>({ settings, slots }: QueueParts<T, R>): number {
  return slots.concurrency + settings.capacity
}

function startsNow<T, R>({ line, slots }: QueueParts<T, R>, key: PropertyKey | undefined): boolean {
  return line.startable === 0 && slots.isFree && !line.isHeld(key)
}

/** Where a job with this key would go now; undefined when there is no room for it. */
function entryOf<T, R>(parts: QueueParts<T, R>, key: PropertyKey | undefined): 'start' | 'line' | undefined {
  const { settings, line, slots } = parts
  const waiting = line.length + slots.delayed
  const starts = startsNow(parts, key)
  if (waiting < settings.capacity) return starts ? 'start' : 'line'
  return starts && slots.running + waiting < bound(parts) ? 'start' : undefined
}

function enter<T, R>({ line, slots }: QueueParts<T, R>, job: Job<T, R>, entry: 'start' | 'line'): void {
  line.enter(job)
  if (entry === 'start') return slots.start(job)
  job.state = 'waiting'
  job.since = stamp()
  line.join(job)
  // Nothing is started by this, unless all that waited so far waits for the rate.
  if (slots.running < slots.concurrency) slots.fill()
}
