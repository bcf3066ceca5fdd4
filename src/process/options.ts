// The one place where what a user passes becomes settings: everything checked, every default filled in, every property read once.
import { invalidOption } from '../errors.ts'
import { limiterOption, type Limiter } from './admission.ts'
import { checkVariables } from './environment-variables.ts'
import { booleanOption, choiceOption, durationOption, integerOption, isObject } from './options/check.ts'
import { containmentOptions, type ContainmentSettings } from './options/containment.ts'
import { collectOptions, type CollectSettings } from './options/collect.ts'
import { extraOptions, type ExtraStream } from './options/extra-fds.ts'
import { commandLine, cwdOption, type CommandLine } from './options/command-line.ts'
import { abortSignalOption, ladderOptions, type Ladder } from './options/signals.ts'
import { privilegeOptions, umaskOption, type Privileges } from './options/privileges.ts'
import { streamOptions, type Streams } from './options/stdio.ts'
import { terminalVariables } from './options/terminal.ts'
import type { RunOptions } from './types.ts'

export const DEFAULT_DRAIN_TIMEOUT = 1000

/** A total description of one child; nothing in it is optional by accident. */
export interface Settings extends CommandLine, ContainmentSettings, Ladder, Streams {
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
  readonly leftovers: 'leave' | 'kill'
  readonly drainTimeout: number
  readonly limiter: Limiter | undefined
  /** NaN = ours. */
  readonly umask: number
  readonly privileges: Privileges | undefined
  /** Descriptors 3, 4 and so on. */
  readonly extraFds: readonly ExtraStream[]
  readonly collect: CollectSettings
}

const KNOWN: ReadonlySet<string> = new Set<keyof RunOptions>([
  'signal',
  'timeout',
  'cwd',
  'env',
  'extendEnv',
  'argv0',
  'uid',
  'gid',
  'umask',
  'nice',
  'rlimits',
  'shell',
  'input',
  'stdin',
  'stdout',
  'stderr',
  'stdio',
  'extraFds',
  'pipeSize',
  'readAhead',
  'killSignal',
  'killTimeout',
  'containment',
  'cgroup',
  'leftovers',
  'detached',
  'drainTimeout',
  'limiter',
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
  if (isObject(given['cgroup'])) given['cgroup'] = { ...given['cgroup'] }
  if (isObject(given['rlimits'])) given['rlimits'] = { ...given['rlimits'] }
  if (Array.isArray(given['extraFds'])) given['extraFds'] = given['extraFds'].slice()
  return given
}

/** What becomes of the pipes: gathered by `run`, handed out by `spawn`, or stdout alone read by `stream`. */
export type Use = 'collect' | 'hand out' | 'stream'

export function settle(file: unknown, args: unknown, options: RunOptions, use: Use): Settings {
  const held = containmentOptions(options.containment, options.detached, options.cgroup)
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
    containment: held.containment,
    containmentRequired: held.containmentRequired,
    cgroup: held.cgroup,
    leftovers: choiceOption('leftovers', options.leftovers, ['leave', 'kill'], 'leave'),
    detached: held.detached,
    drainTimeout: durationOption('drainTimeout', options.drainTimeout, DEFAULT_DRAIN_TIMEOUT),
    limiter: limiterOption(options.limiter),
    umask: umaskOption(options.umask),
    privileges: privilegeOptions(given),
    extraFds: extraOptions(options.extraFds, use),
    collect: collectOptions(given),
  }
}
