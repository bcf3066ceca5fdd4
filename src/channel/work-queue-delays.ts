// The jobs of a WorkQueue that wait for another try. They keep their keys and their places in the order of admission.
import { stamp } from '../stamp.ts'
import type { Job } from './work-queue-job.ts'
import type { JobLine } from './work-queue-line.ts'

export class Delays<T, R> {
  readonly #timers = new Map<Job<T, R>, NodeJS.Timeout>()
  readonly #line: JobLine<T, R>
  readonly #joined: () => void

  /** `joined` is called when a job is back in the line. */
  constructor(line: JobLine<T, R>, joined: () => void) {
    this.#line = line
    this.#joined = joined
  }

  get size(): number {
    return this.#timers.size
  }

  add(job: Job<T, R>, ms: number): void {
    job.state = 'delayed'
    this.#timers.set(
      job,
      setTimeout(() => this.#due(job), ms),
    )
  }

  /** It is not going to be tried again. False if it isn't here. */
  remove(job: Job<T, R>): boolean {
    if (!this.#timers.has(job)) return false
    clearTimeout(this.#timers.get(job))
    this.#timers.delete(job)
    this.#line.release(job)
    return true
  }

  /** Takes out all, the oldest first. */
  drain(): Job<T, R>[] {
    const jobs = [...this.#timers.keys()].sort((one, other) => one.sequence - other.sequence)
    for (const job of jobs) this.remove(job)
    return jobs
  }

  /** The one admitted first. */
  oldest(): Job<T, R> | undefined {
    let oldest: Job<T, R> | undefined
    for (const job of this.#timers.keys()) if (oldest === undefined || job.sequence < oldest.sequence) oldest = job
    return oldest
  }

  #due(job: Job<T, R>): void {
    this.#timers.delete(job)
    job.state = 'waiting'
    job.since = stamp()
    this.#line.join(job)
    this.#joined()
  }
}
