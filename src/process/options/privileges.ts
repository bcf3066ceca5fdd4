// Whom a child runs as and what it may use: uid, gid, umask, nice, rlimits. What the system refuses is an error of the start.
import { invalidOption } from '../../errors.ts'
import { isObject } from './check.ts'

/** In the order in which the native side takes them. */
export const RESOURCES = ['nofile', 'nproc', 'as', 'cpu', 'core', 'fsize'] as const

/** NaN stands for what was not given. */
export interface Privileges {
  readonly uid: number
  readonly gid: number
  readonly nice: number
  /** One for each of RESOURCES; Infinity is no limit. */
  readonly limits: readonly number[]
}

/** The highest number means "leave it" to the system. */
const MAX_ID = 0xffff_fffe

/** Undefined when nothing of it was given, which is nearly always. */
export function privilegeOptions(given: Readonly<Record<string, unknown>>): Privileges | undefined {
  const { uid, gid, nice, rlimits } = given
  if (uid === undefined && gid === undefined && nice === undefined && rlimits === undefined) return undefined
  return {
    uid: numberOption('uid', uid, 0, MAX_ID),
    gid: numberOption('gid', gid, 0, MAX_ID),
    nice: numberOption('nice', nice, -20, 19),
    limits: limitsOption(rlimits),
  }
}

/** NaN stands for ours. */
export function umaskOption(umask: unknown): number {
  return numberOption('umask', umask, 0, 0o777)
}

function numberOption(name: string, value: unknown, least: number, most: number): number {
  if (value === undefined) return Number.NaN
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw invalidOption(name, `an integer from ${least} to ${most}`, value)
  return value as number
}

function limitsOption(rlimits: unknown): number[] {
  if (rlimits !== undefined && !isObject(rlimits)) throw invalidOption('rlimits', 'an object', rlimits)
  const limits = { ...rlimits }
  for (const name of Object.keys(limits)) {
    if (!(RESOURCES as readonly string[]).includes(name))
      throw invalidOption(`rlimits.${name}`, `one of ${RESOURCES.join(', ')}`, limits[name])
  }
  return RESOURCES.map(name => limitOption(`rlimits.${name}`, limits[name]))
}

function limitOption(name: string, value: unknown): number {
  if (value === undefined) return Number.NaN
  if (value !== Infinity && !(Number.isSafeInteger(value) && (value as number) >= 0))
    throw invalidOption(name, 'an integer that is not negative, or Infinity', value)
  return value as number
}
