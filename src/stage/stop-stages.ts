// The end of a whole graph: one stage after the other, from the top, within one time.
import { invalidOption } from '../errors.ts'
import { Span, type WaitOptions } from '../wait.ts'
import type { StageBase } from './types.ts'

/**
 * Stops stages one after the other, so name them from the producers down to the consumers: what is in flight is handled on the way. When the
 * time is over, or the signal aborts, those that are left are stopped by force, which discards and counts what they hold, and the call rejects.
 *
 * @example
 * await stopStages([files, hash, print], { timeout: 5000 })
 */
export async function stopStages(stages: readonly StageBase[], options?: WaitOptions): Promise<void> {
  if (!Array.isArray(stages)) throw invalidOption('stages', 'an array of stages', stages)
  const span = new Span(options, 'The stop')
  const left = [...stages]
  try {
    for (let stage = left[0]; stage !== undefined; stage = left[0]) {
      await stage.stop(undefined, span.part)
      left.shift()
    }
  } catch (error) {
    await Promise.allSettled(left.map(async stage => await stage.stop(undefined, { timeout: 0 })))
    throw span.explain(error)
  } finally {
    span.end()
  }
}
