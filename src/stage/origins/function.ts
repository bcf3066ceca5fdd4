// Events from a function of the user.
import { invalidOption } from '../../errors.ts'
import type { StageContext } from '../types.ts'
import type { Origin, Pulled } from './origin.ts'

export type ProduceFunction<O> = (demand: number, context: StageContext) => Pulled<O> | Promise<Pulled<O>>

export class FunctionOrigin<O> implements Origin<O> {
  readonly isPatient = true
  readonly #produce: ProduceFunction<O>
  readonly #context: StageContext

  constructor(produce: ProduceFunction<O>, context: StageContext) {
    this.#produce = produce
    this.#context = context
  }

  pull(demand: number): Pulled<O> | Promise<Pulled<O>> {
    const events = this.#produce(demand, this.#context)
    return isThenable(events) ? events.then(checked) : checked(events)
  }

  /** The signal of its context tells it. */
  close(): readonly O[] {
    return []
  }
}

export function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return value !== null && typeof value === 'object' && 'then' in value && typeof value.then === 'function'
}

function checked<O>(events: Pulled<O>): Pulled<O> {
  // The array stays the user's, who may go on to fill it.
  if (events === null || Array.isArray(events)) return events?.slice() ?? null
  throw invalidOption('source', 'a function that gives an array of events, or null at the end', events)
}
