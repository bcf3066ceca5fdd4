// `map`: what the callback gives goes on instead of the value.
import { checkRetry } from '../retry.ts'
import { CallStep, type Callback } from './call-step.ts'
import { checkedCount, checkedFlag, checkedName, checkedObject, checkFunction } from './options.ts'
import { retrying } from './retrying.ts'
import type { Step } from './step.ts'
import type { MapOptions } from './types.ts'

export class MapStep<T, U> extends CallStep<T, U> {
  protected override outcomeOf(_value: T, given: unknown): U {
    return given as U
  }
}

export function mapStep<T, U>(
  before: Step<T>,
  callback: Callback<T>,
  given: MapOptions | undefined,
  label: string,
): MapStep<T, U> {
  checkFunction('fn', callback)
  const { concurrency = 1, ordered = true, retry, name = label, ...rest } = checkedObject(given)
  checkedCount('concurrency', concurrency, 1)
  const { capacity = concurrency } = rest
  if (retry !== undefined) checkRetry(retry, 'retry')
  return new MapStep(before, retry === undefined ? callback : retrying(callback, retry), {
    name: checkedName('name', name),
    concurrency,
    isOrdered: checkedFlag('ordered', ordered),
    capacity: checkedCount('capacity', capacity, 0),
  })
}
