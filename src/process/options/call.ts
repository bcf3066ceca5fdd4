// The two ways to call: (file, args, options) and (file, options).
import { invalidOption } from '../../errors.ts'
import { isObject } from './check.ts'

export function takeCall(args: unknown, options: unknown): { args: unknown; options: unknown } {
  if (!isObject(args)) return { args, options }
  if (options !== undefined) throw invalidOption('args', 'an array of strings when options follow', args)
  return { args: undefined, options: args }
}
