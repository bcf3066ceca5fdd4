// The jobs of a WorkQueue that wait for a slot, and in which order they get one: by priority, by arrival, one at a time per key.
import type { Job } from './work-queue-job.ts'
import { WaitingList } from '../waiting.ts'

/** So many jobs are served by priority, then the oldest one is. */
const IN_A_ROW = 32

class Lane<T, R> {
  readonly priority: number
  readonly jobs = new WaitingList<Job<T, R>>()
  constructor(priority: number) {
    this.priority = priority
  }
}

export class JobLine<T, R> {
  // Highest priority first. A lane without jobs stays only if it is the last one left.
  readonly #lanes: Lane<T, R>[] = []
  // Keys that a job holds, with the jobs that wait for it to end.
  readonly #keys = new Map<PropertyKey, WaitingList<Job<T, R>>>()
  #sequence = 0
  #startable = 0
  #length = 0
  /** Called after each change of its length. */
  onChange: (() => void) | undefined
  #served = 0

  /** All that wait, those included that wait for another job of their key. */
  get length(): number {
    return this.#length
  }

  /** Those that a free slot could start. */
  get startable(): number {
    return this.#startable
  }

  /** Gives the job its place in the order of admission, and its key if that is free. False when it must wait for another job of its key. */
  enter(job: Job<T, R>): boolean {
    job.sequence = this.#sequence++
    const { key } = job
    if (key === undefined) return true
    if (this.#keys.has(key)) return false
    this.#keys.set(key, new WaitingList())
    job.holdsKey = true
    return true
  }

  /** Whether a job with this key would have to wait for another one. */
  isHeld(key: PropertyKey | undefined): boolean {
    return key !== undefined && this.#keys.has(key)
  }

  /** A job that entered joins those that wait. */
  join(job: Job<T, R>): void {
    this.#count(1)
    const blocked = job.key === undefined || job.holdsKey ? undefined : this.#keys.get(job.key)
    if (blocked === undefined) this.#queue(job)
    else {
      job.list = blocked
      blocked.append(job)
    }
  }

  /** The next to be started. */
  take(): Job<T, R> | undefined {
    const lane = this.#lanes.length > 1 ? this.#fairLane() : this.#lanes[0]
    const job = lane?.jobs.first
    if (job !== undefined) this.#unqueue(job)
    return job
  }

  /** The one admitted first; of those that could start, if there is one. */
  oldest(): Job<T, R> | undefined {
    if (this.#startable > 0) return oldestLane(this.#lanes)?.jobs.first
    let oldest: Job<T, R> | undefined
    for (const { first } of this.#keys.values()) {
      if (first !== undefined && (oldest === undefined || first.sequence < oldest.sequence)) oldest = first
    }
    return oldest
  }

  /** It waits no more, and doesn't run either. */
  drop(job: Job<T, R>): void {
    const { list } = job
    if (list === undefined) return
    if (job.key === undefined || job.holdsKey) this.#unqueue(job)
    else {
      list.remove(job)
      job.list = undefined
      this.#count(-1)
    }
    this.release(job)
  }

  /** The job has ended: the next of its key may start. */
  release(job: Job<T, R>): void {
    if (!job.holdsKey || job.key === undefined) return
    job.holdsKey = false
    const blocked = this.#keys.get(job.key)
    const next = blocked?.shift()
    if (next === undefined) this.#keys.delete(job.key)
    else {
      next.holdsKey = true
      this.#queue(next)
    }
  }

  /** Takes all, in the order of admission. */
  drain(): Job<T, R>[] {
    const jobs: Job<T, R>[] = []
    // First those that wait for a key, so that none of them gets it when its holder goes.
    for (const blocked of this.#keys.values()) {
      for (let job = blocked.first; job !== undefined; job = blocked.first) {
        this.drop(job)
        jobs.push(job)
      }
    }
    for (let job = this.#lanes[0]?.jobs.first; job !== undefined; job = this.#lanes[0]?.jobs.first) {
      this.drop(job)
      jobs.push(job)
    }
    return jobs.sort((one, other) => one.sequence - other.sequence)
  }

  #queue(job: Job<T, R>): void {
    const { jobs } = this.#laneOf(job.priority)
    job.list = jobs
    this.#startable += 1
    // One that comes back, or whose key became free, goes in front of those that were admitted after it.
    let next = jobs.first
    if (next === undefined || (jobs.last !== undefined && jobs.last.sequence < job.sequence)) return jobs.append(job)
    while (next.sequence < job.sequence && next.after !== undefined) next = next.after
    jobs.insert(job, next)
  }

  #unqueue(job: Job<T, R>): void {
    const { list } = job
    if (list === undefined) return
    list.remove(job)
    job.list = undefined
    this.#startable -= 1
    this.#count(-1)
    if (list.length === 0 && this.#lanes.length > 1) {
      this.#lanes.splice(
        this.#lanes.findIndex(({ jobs }) => jobs === list),
        1,
      )
    }
  }

  #count(change: number): void {
    this.#length += change
    if (this.onChange !== undefined) this.onChange()
  }

  #fairLane(): Lane<T, R> | undefined {
    // An empty lane would be the last one left, so with several each has a job.
    this.#served += 1
    if (this.#served <= IN_A_ROW) return this.#lanes[0]
    this.#served = 0
    return oldestLane(this.#lanes)
  }

  #laneOf(priority: number): Lane<T, R> {
    const lanes = this.#lanes
    // Not by a pattern: that would ask the array for an iterator.
    const first = lanes[0]
    if (first?.priority === priority) return first
    let low = 0
    let high = lanes.length
    while (low < high) {
      const middle = (low + high) >> 1
      const lane = lanes[middle] as Lane<T, R>
      if (lane.priority === priority) return lane
      if (lane.priority > priority) low = middle + 1
      else high = middle
    }
    const lane = new Lane<T, R>(priority)
    const isOnlyOneEmpty = lanes.length === 1 && lanes[0]?.jobs.length === 0
    if (isOnlyOneEmpty) lanes[0] = lane
    else lanes.splice(low, 0, lane)
    if (lanes.length === 1) this.#served = 0
    return lane
  }
}

function oldestLane<T, R>(lanes: readonly Lane<T, R>[]): Lane<T, R> | undefined {
  let oldest: Lane<T, R> | undefined
  for (const lane of lanes) {
    if (lane.jobs.first === undefined) continue
    if (oldest?.jobs.first === undefined || lane.jobs.first.sequence < oldest.jobs.first.sequence) oldest = lane
  }
  return oldest
}
