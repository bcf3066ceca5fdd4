// `forEach`, `toArray` and `reduce`: the ends of a flow that keep what they get, or do something with it.
import { rejected, type WaitOptions } from '../wait.ts'
import { Drain } from './drain.ts'
import { isLater } from './outcome.ts'
import { checkedCount, checkedObject, checkFunction } from './options.ts'
import type { Step } from './step.ts'

/** How the callbacks of `forEach` run. */
export type ForEachOptions = WaitOptions & {
  /** Callbacks that run at once, 1 by default. */
  concurrency?: number
}

export function forEach<T>(
  step: Step<T>,
  fn: (value: T) => unknown,
  options: ForEachOptions | undefined,
): Promise<void> {
  try {
    checkFunction('fn', fn)
    const { concurrency = 1 } = checkedObject(options)
    return new Drain(step, fn, checkedCount('concurrency', concurrency, 1)).begin(options, 'forEach')
  } catch (error) {
    return rejected(error)
  }
}

export async function toArray<T>(step: Step<T>, options: WaitOptions | undefined): Promise<T[]> {
  const values: T[] = []
  await new Drain<T>(step, value => void values.push(value), 1).begin(options, 'toArray')
  return values
}

export async function reduce<T, U>(
  step: Step<T>,
  fn: (total: U, value: T) => U | Promise<U>,
  initial: U,
  options: WaitOptions | undefined,
): Promise<U> {
  checkFunction('fn', fn)
  let total = initial
  const keep = (next: U): void => {
    total = next
  }
  const accept = (value: T): unknown => {
    const next = fn(total, value)
    return isLater(next) ? next.then(keep) : keep(next)
  }
  await new Drain(step, accept, 1).begin(options, 'reduce')
  return total
}
