// The checks of options that several steps have.
import { invalidOption } from '../errors.ts'

export function checkFunction(option: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(option, 'a function', value)
}

export function checkedObject<O extends object>(options: O | undefined): Partial<O> {
  if (options === undefined) return {}
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  return options
}

export function checkedCount(option: string, value: unknown, least: number): number {
  if (value === Infinity || (typeof value === 'number' && Number.isSafeInteger(value) && value >= least)) return value
  throw invalidOption(option, `a whole number from ${least}, or Infinity`, value)
}

export function checkedFlag(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidOption(option, 'a boolean', value)
  return value
}

export function checkedName(option: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidOption(option, 'a string', value)
  return value
}

export function checkedBranches(count: unknown): number {
  if (count !== Infinity) return checkedCount('count', count, 1)
  throw invalidOption('count', 'a whole number from 1', count)
}
