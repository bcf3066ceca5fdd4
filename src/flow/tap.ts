// `tap`: values go on as they are, once the callback is done with them.
import { CallStep } from './call-step.ts'

export class TapStep<T> extends CallStep<T, T> {
  protected override outcomeOf(value: T): T {
    return value
  }
}
