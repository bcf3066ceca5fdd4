// The one place where what a user passes becomes settings: everything checked, every default filled in, every property read once.
import { invalidOption } from '../errors.ts'
import { checkVariables } from './environment-variables.ts'
import { booleanOption, choiceOption, durationOption, integerOption, isObject } from './options/check.ts'
import { collectOptions, type CollectSettings } from './options/collect.ts'
import { commandLine, cwdOption, type CommandLine } from './options/command-line.ts'
import { abortSignalOption, ladderOptions, type Ladder } from './options/signals.ts'
import { streamOptions, type Streams } from './options/stdio.ts'
import { terminalVariables } from './options/terminal.ts'
import type { RunOptions } from './types.ts'

export const DEFAULT_DRAIN_TIMEOUT = 1000

/** A total description of one child; nothing in it is optional by accident. */
export interface Settings extends CommandLine, Ladder, Streams {
  readonly signal: AbortSignal | undefined
  /** Infinity = none. */
  readonly timeout: number
  /** '' = the current directory. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  readonly extendEnv: boolean
  /** 0 = the kernel's default. */
  readonly pipeSize: number
  readonly readAhead: number
  readonly containment: 'tree' | 'group' | 'none'
  /** Named by the caller, so less will not do. */
  readonly containmentRequired: boolean
  readonly leftovers: 'leave' | 'kill'
  readonly detached: boolean
  readonly drainTimeout: number
  readonly collect: CollectSettings
}

const KNOWN: ReadonlySet<string> = new Set<keyof RunOptions>([
  'signal',
  'timeout',
  'cwd',
  'env',
  'extendEnv',
  'argv0',
  'shell',
  'input',
  'stdin',
  'stdout',
  'stderr',
  'stdio',
  'pipeSize',
  'readAhead',
  'killSignal',
  'killTimeout',
  'containment',
  'leftovers',
  'detached',
  'drainTimeout',
  'terminal',
  'encoding',
  'lines',
  'stripFinalNewline',
  'maxBuffer',
  'onMaxBuffer',
  'reject',
  'tee',
])

/** A copy of the caller's options: each property is read once, here, so that a getter or a proxy can't answer twice. */
export function takeOptions(options: unknown): RunOptions {
  if (options === undefined) return {}
  if (!isObject(options)) throw invalidOption('options', 'an object', options)
  const given: Record<string, unknown> = { ...options }
  for (const name in given) {
    if (!KNOWN.has(name)) throw invalidOption(name, 'a known option', given[name])
  }
  if (isObject(given['env'])) given['env'] = { ...given['env'] }
  return given
}

/** What becomes of the pipes: gathered by `run`, handed out by `spawn`, or stdout alone read by `stream`. */
export type Use = 'collect' | 'hand out' | 'stream'

export function settle(file: unknown, args: unknown, options: RunOptions, use: Use): Settings {
  const { detached: background, containment: named } = options
  const detached = booleanOption('detached', background, false)
  const containment = choiceOption('containment', named, ['tree', 'group', 'none'], detached ? 'none' : 'tree')
  if (detached && containment !== 'none')
    throw invalidOption('containment', "'none' or nothing, since `detached` is given", named)
  const env = options.env
  if (env !== undefined) checkVariables(env)
  const given = options as Readonly<Record<string, unknown>>
  const line = commandLine(file, args, options.argv0, options.shell)
  const ladder = ladderOptions(options)
  const streams = streamOptions(given, use)
  const { terminal } = streams
  // Named one by one: an object put together from spreads is a slow dictionary of 14 kB, and this runs for every child.
  return {
    file: line.file,
    args: line.args,
    shell: line.shell,
    program: line.program,
    argv: line.argv,
    killSignal: ladder.killSignal,
    killTimeout: ladder.killTimeout,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    input: streams.input,
    isStdinOurs: streams.isStdinOurs,
    foreground: streams.foreground,
    terminal,
    signal: abortSignalOption(options.signal),
    timeout: durationOption('timeout', options.timeout, Infinity),
    cwd: cwdOption(options.cwd),
    env: terminal === undefined ? env : terminalVariables(terminal, env),
    extendEnv: booleanOption('extendEnv', options.extendEnv, true),
    pipeSize: integerOption('pipeSize', options.pipeSize, 0, 0),
    readAhead: integerOption('readAhead', options.readAhead, 0, 0),
    containment,
    containmentRequired: named !== undefined,
    leftovers: choiceOption('leftovers', options.leftovers, ['leave', 'kill'], 'leave'),
    detached,
    drainTimeout: durationOption('drainTimeout', options.drainTimeout, DEFAULT_DRAIN_TIMEOUT),
    collect: collectOptions(given),
  }
}
