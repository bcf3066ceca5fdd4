// The options of a daemon: its own ones, and those of its children, checked and filled in once.
import { invalidOption } from '../../errors.ts'
import { checkBackoff, type Backoff } from '../../retry.ts'
import { settle, takeOptions, type Settings } from '../options.ts'
import { withoutPipes } from '../options/extra-fds.ts'
import { choiceOption, durationOption, isObject } from '../options/check.ts'
import { abortSignalOption } from '../options/signals.ts'
import type { RunOptions } from '../types.ts'
import type { RestartPolicy } from './restarts.ts'
import type { DaemonOptions } from './types.ts'

export interface DaemonSettings extends RestartPolicy {
  /** Of every child. Without the signal, which ends the daemon and through it the child. */
  readonly child: Settings
  readonly signal: AbortSignal | undefined
  readonly onLine: DaemonOptions['onLine']
  readonly readyWhen: DaemonOptions['readyWhen']
  /** What outlived a child is ended before the next one starts. */
  readonly sweeps: boolean
}

const DEFAULT_RESTARTS = 5
const DEFAULT_WITHIN = 60_000

export function daemonSettings(file: unknown, args: unknown, given: unknown): DaemonSettings {
  if (given !== undefined && !isObject(given)) throw invalidOption('options', 'an object', given)
  const { restart, backoff = {}, maxRestarts, within, onLine, readyWhen, signal, timeout, ...rest } = given ?? {}
  if (timeout !== undefined) throw invalidOption('timeout', 'absent, for a daemon lives until it is stopped', timeout)
  if (onLine !== undefined && typeof onLine !== 'function') throw invalidOption('onLine', 'a function', onLine)
  if (readyWhen !== undefined && typeof readyWhen !== 'function' && !(readyWhen instanceof RegExp)) {
    throw invalidOption('readyWhen', 'a RegExp or a function', readyWhen)
  }
  checkBackoff(backoff as Backoff, 'backoff')
  const options = childOptions(takeOptions(rest), onLine !== undefined || readyWhen !== undefined)
  const settled = settle(file, args, options, 'hand out')
  const child = { ...settled, extraFds: withoutPipes(settled.extraFds) }
  const settings: DaemonSettings = {
    restart: choiceOption('restart', restart, ['always', 'on-failure', 'never'], 'on-failure'),
    backoff: backoff as Backoff,
    maxRestarts: countOption('maxRestarts', maxRestarts, DEFAULT_RESTARTS),
    within: durationOption('within', within, DEFAULT_WITHIN),
    child,
    signal: abortSignalOption(signal),
    onLine: onLine as DaemonOptions['onLine'],
    readyWhen: readyWhen as DaemonOptions['readyWhen'],
    sweeps: options.leftovers !== 'leave',
  }
  checkStreams(settings)
  return settings
}

/** Unread output would hold the child back for ever, so what nobody asked for goes nowhere. */
function childOptions(options: RunOptions, hasListener: boolean): RunOptions {
  // What comes of a terminal is taken in any case.
  if (options.stdio !== undefined || (options.terminal ?? false) !== false) return options
  if (options.stdin === undefined && options.input === undefined) options.stdin = 'pipe'
  if (options.stdout === undefined && !hasListener) options.stdout = 'ignore'
  if (options.stderr === undefined && hasListener) options.stderr = 'pipe'
  return options
}

function checkStreams({ child, restart, onLine, readyWhen }: DaemonSettings): void {
  const hasLines = child.stdout.kind === 'pipe' || child.stderr.kind === 'pipe'
  if (readyWhen !== undefined && !hasLines) {
    throw invalidOption('readyWhen', 'given with stdout or stderr as a pipe, for it looks at lines', readyWhen)
  }
  if (onLine !== undefined && !hasLines) {
    throw invalidOption('onLine', 'given with stdout or stderr as a pipe, for it is called with lines', onLine)
  }
  if (restart === 'never') return
  const { input, stdin, stdout, stderr } = child
  const extra = child.extraFds.map(({ stream }, index) => [`extraFds[${index}]`, stream] as const)
  if (input !== undefined && typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw invalidOption('input', "a string or bytes unless restart is 'never', for each child gets it anew", input)
  }
  for (const [name, { kind }] of [...Object.entries({ stdin, stdout, stderr }), ...extra]) {
    if (kind === 'reader' || kind === 'writer') {
      throw invalidOption(name, "no reader or writer unless restart is 'never', for it can be given away once", kind)
    }
  }
}

function countOption(name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (value !== Infinity && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw invalidOption(name, 'an integer that is not negative, or Infinity', value)
  }
  return value as number
}
