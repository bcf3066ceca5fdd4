// How an exit and a result are put together from what the native side told.
import type { ExitedEvent } from './child.ts'
import { signalName } from './signals.ts'
import { decode, type CollectedValue } from './collect.ts'
import type { Life } from './life.ts'
import type { AnyResult, Exit } from './types.ts'

/** Why we ended a child, if we did. `failure`: its input, its output limit or a tee target failed. */
export type EndReason = 'timeout' | 'abort' | 'terminate' | 'failure'

export function exitOf(event: ExitedEvent, reason: EndReason | undefined, drained: boolean, durationMs: number): Exit {
  const exitCode = event.exitCode < 0 ? null : event.exitCode
  const timedOut = reason === 'timeout'
  const isCanceled = reason === 'abort'
  return {
    ok: exitCode === 0 && !timedOut && !isCanceled && !event.lost && reason !== 'failure',
    exitCode: event.lost ? null : exitCode,
    signal: event.lost || event.signal === 0 ? null : signalName(event.signal),
    coreDumped: event.coreDumped,
    timedOut,
    isCanceled,
    lost: event.lost,
    drained,
    durationMs,
    resourceUsage: { maxRssBytes: event.maxRssBytes, userCpuMs: event.userCpuMs, systemCpuMs: event.systemCpuMs },
  }
}

/** What was collected of a child; nothing for a handle. */
export interface Output {
  readonly stdout: CollectedValue | undefined
  readonly stderr: CollectedValue | undefined
  readonly truncated: boolean
}

export const NO_OUTPUT: Output = { stdout: undefined, stderr: undefined, truncated: false }

export function resultOf(life: Life, exit: Exit, output: Output, pipedFrom: readonly AnyResult[]): AnyResult {
  const { file, args, shell } = life.settings
  return {
    ...exit,
    ok: exit.ok && life.trouble === undefined,
    ...output,
    stderrTail: decode(life.stderrTail, 'utf8'),
    command: commandText(file, args, shell),
    pid: life.pid,
    pipedFrom,
  }
}

/** A command as one would type it: for messages, never for execution. */
export function commandText(file: string, args: readonly string[], isShellText: boolean): string {
  return isShellText ? file : [file, ...args].map(quoted).join(' ')
}

function quoted(word: string): string {
  return /^[\w%+,./:=@^-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
