// Checks one option value at a time, and names the option, what was expected and what came. Knows no option by name.
import { fileURLToPath } from 'node:url'
import { invalidOption } from '../../errors.ts'

/** Descriptors, pipe sizes and ring sizes are C ints on the other side. */
const MAX_INTEGER = 0x7fff_ffff

export function booleanOption(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw invalidOption(name, 'true or false', value)
  return value
}

export function choiceOption<const C extends string>(
  name: string,
  value: unknown,
  choices: readonly C[],
  fallback: C,
): C {
  if (value === undefined) return fallback
  if (!choices.includes(value as C)) throw invalidOption(name, choices.map(choice => `'${choice}'`).join(' or '), value)
  return value as C
}

/** Milliseconds, 0 or more; Infinity is allowed. */
export function durationOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= 0))
    throw invalidOption(name, 'a number of milliseconds, 0 or more', value)
  return value
}

export function integerOption(name: string, value: unknown, least: number, fallback: number): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > MAX_INTEGER) {
    throw invalidOption(name, `an integer from ${least} to ${MAX_INTEGER}`, value)
  }
  return value as number
}

/** A number of bytes, 0 or more; Infinity is allowed. */
export function bytesOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (value !== Infinity && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw invalidOption(name, 'a number of bytes, 0 or more', value)
  }
  return value as number
}

/** Text the kernel takes: without a NUL, which would end it early. */
export function textOption(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidOption(name, 'a string', value)
  if (value.includes('\0')) throw invalidOption(name, 'a string without a NUL character', value)
  return value
}

/** A path, or a file: URL. */
export function pathOption(name: string, value: unknown): string {
  const path = textOption(name, value instanceof URL ? urlPath(name, value) : value)
  if (path === '') throw invalidOption(name, 'a path or a file: URL', value)
  return path
}

function urlPath(name: string, url: URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw invalidOption(name, 'a file: URL or a path', url)
  }
}

/** A plain bag of options, not an array and not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
