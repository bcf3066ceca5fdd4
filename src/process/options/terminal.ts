// `terminal`: its checks and defaults, what it excludes, and what a child on a terminal finds in its environment.
import { invalidOption } from '../../errors.ts'
import type { Variables } from '../environment-variables.ts'
import { booleanOption, isObject, textOption } from './check.ts'

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
const DEFAULT_NAME = 'xterm-256color'
const LARGEST_SIDE = 65_535

/** The terminal of one child, in the shape of its stdin; stdout is its other way. */
export interface TerminalSettings {
  readonly kind: 'terminal'
  readonly columns: number
  readonly rows: number
  readonly raw: boolean
  /** Undefined: the caller named none. */
  readonly name: string | undefined
}

/** What a terminal stands for. */
const EXCLUDED = ['stdin', 'stdout', 'stderr', 'stdio'] as const

export function terminalOption(given: Readonly<Record<string, unknown>>): TerminalSettings | undefined {
  const value = given['terminal']
  if (value === undefined || value === false) return undefined
  const options = value === true ? {} : value
  if (!isObject(options)) throw invalidOption('terminal', 'true, false or an object', value)
  for (const name of EXCLUDED) {
    if (given[name] !== undefined) throw invalidOption(name, 'nothing, since `terminal` is given', given[name])
  }
  // Its terminal is ours, and is hung up when we end.
  if (given['detached'] === true) throw invalidOption('detached', 'false, since `terminal` is given', true)
  const { columns, rows, name, raw, ...others } = options
  for (const other of Object.keys(others)) throw invalidOption(`terminal.${other}`, 'a known option', others[other])
  return {
    kind: 'terminal',
    columns: columns === undefined ? DEFAULT_COLUMNS : sideOption('terminal.columns', columns),
    rows: rows === undefined ? DEFAULT_ROWS : sideOption('terminal.rows', rows),
    raw: booleanOption('terminal.raw', raw, false),
    name: name === undefined ? undefined : nameOption(name),
  }
}

/** Columns or rows. Programs divide by them, so 0 is none. */
export function sideOption(name: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > LARGEST_SIDE)
    throw invalidOption(name, `an integer from 1 to ${LARGEST_SIDE}`, value)
  return value as number
}

function nameOption(value: unknown): string {
  const name = textOption('terminal.name', value)
  if (name === '') throw invalidOption('terminal.name', 'the name of a terminal type', value)
  return name
}

/** The terminal it is on is not the one that this process was told of: neither its type nor its size. */
export function terminalVariables(terminal: TerminalSettings, variables: Variables | undefined): Variables {
  const { name } = terminal
  const changed = { COLUMNS: undefined, LINES: undefined, TERMCAP: undefined, TERM: DEFAULT_NAME, ...variables }
  return name === undefined ? changed : { ...changed, TERM: name }
}
