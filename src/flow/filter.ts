// `filter`: values go on for which the callback gives something true.
import { CallStep, DROPPED } from './call-step.ts'

export class FilterStep<T> extends CallStep<T, T> {
  protected override outcomeOf(value: T, given: unknown): T | typeof DROPPED {
    return given ? value : DROPPED
  }
}
