// `partition`: each value goes to one branch, and values of one key to the same.
import { invalidOption } from '../errors.ts'
import type { Branch } from './branch.ts'
import { Hub } from './hub.ts'
import { checkedBranches, checkFunction } from './options.ts'
import type { Step } from './step.ts'

export function partition<T>(
  step: Step<T>,
  count: number,
  key: (value: T) => PropertyKey,
  name: string,
): readonly Branch<T>[] {
  checkFunction('key', key)
  const branches = checkedBranches(count)
  return new Hub(step, branches, name, value => indexOf(key(value), branches)).branches
}

/** Whole numbers are spread in turns, so 0 and 1 of `n % 2` are the first and the second branch; anything else by a hash of its text. */
function indexOf(key: unknown, count: number): number {
  if (typeof key === 'number' && Number.isSafeInteger(key)) return ((key % count) + count) % count
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'symbol') return hash(String(key)) % count
  throw invalidOption('key', 'a function that gives a string, a number or a symbol', key)
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}
