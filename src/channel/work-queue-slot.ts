// One slot of a WorkQueue, and the job it has. What happens at the end of an attempt is the business of all slots.
import type { Guard } from '../wait.ts'
import { Waiting } from '../waiting.ts'
import type { Job } from './work-queue-job.ts'

/** It goes from job to job, and its callbacks with it, so that a job costs none. */
export class Slot<T, R> extends Waiting<Slot<T, R>> {
  job: Job<T, R> | undefined = undefined
  /** The job that nobody but the slot knows of, kept for the next one of that kind. */
  simple: Job<T, R> | undefined = undefined
  /** What ends the attempt. */
  guard: Guard | undefined = undefined
  /** The attempt took too long, and another one is to follow. */
  isOverdue = false
  readonly fulfilled: (value: R) => void
  readonly rejected: (error: unknown) => void
  /** The same for a job whose promise is what these give. */
  readonly passed: (value: R) => R
  readonly thrown: (error: unknown) => never

  constructor(fulfilled: (slot: Slot<T, R>, value: R) => void, rejected: (slot: Slot<T, R>, error: unknown) => void) {
    super()
    this.fulfilled = value => fulfilled(this, value)
    this.rejected = error => rejected(this, error)
    this.passed = value => {
      fulfilled(this, value)
      return value
    }
    this.thrown = error => {
      rejected(this, error)
      throw error
    }
  }
}
