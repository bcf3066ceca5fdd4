// What a command consists of: its children as they were described, how options are merged into them, and the settings they become.
import { invalidOption } from '../errors.ts'
import { settle, takeOptions, type Settings, type Use } from './options.ts'
import { pathOption } from './options/check.ts'
import type { Stream } from './options/stdio.ts'
import type { RunOptions } from './types.ts'

/** One child, copied once from what was passed. */
export interface Part {
  readonly file: string
  readonly args: unknown
  readonly options: RunOptions
  /** Which of its streams goes to the next part. */
  readonly from: 'stdout' | 'stderr'
}

/** First to last of a pipe. */
export type Parts = readonly [...Part[], Part]

export function partOf(file: unknown, args: unknown, options: unknown): Part {
  const words: unknown = Array.isArray(args) ? args.slice() : args
  return { file: pathOption('file', file), args: words, options: takeOptions(options), from: 'stdout' }
}

/** Later options win; of `env` each name does. They are the last part's, but for what concerns the pipe's own stdin. */
export function merged(parts: Parts, options: RunOptions): Parts {
  const { input, stdin, ...rest } = options
  const last = parts.length - 1
  return parts.map((part, index) => {
    let next = part.options
    if (index === last) next = over(next, rest)
    if (index === 0 && 'input' in options) next = over(next, { input } as RunOptions)
    if (index === 0 && 'stdin' in options) next = over(next, { stdin } as RunOptions)
    return next === part.options ? part : { ...part, options: next }
  }) as unknown as Parts
}

function over(before: RunOptions, after: RunOptions): RunOptions {
  const env = before.env && after.env ? { ...before.env, ...after.env } : (after.env ?? before.env)
  return env === undefined ? { ...before, ...after } : { ...before, ...after, env }
}

/** What feeds the part behind the joint feeds the beginning of the pipe from now on. */
export function joined(before: Parts, after: Parts, from: 'stdout' | 'stderr'): Parts {
  const [entry, ...rest] = after as unknown as readonly [Part, ...Part[]]
  const { input, stdin, ...options } = entry.options
  let head = before
  if (input !== undefined || stdin !== undefined) {
    const [first] = before as readonly [Part]
    if (first.options.input !== undefined || (first.options.stdin !== undefined && first.options.stdin !== stdin)) {
      throw invalidOption(
        input === undefined ? 'stdin' : 'input',
        'given once in a pipe, since it is for the first command',
        input ?? stdin,
      )
    }
    head = merged(before, { ...(input === undefined ? {} : { input }), ...(stdin === undefined ? {} : { stdin }) })
  }
  const joint = head.map((part, index) => (index === head.length - 1 ? { ...part, from } : part))
  return [...joint, { ...entry, options }, ...rest] as unknown as Parts
}

let links = 0

/** The settings of each part, with fresh links between them. Timeouts and signals bound all of them alike. */
export function settingsOf(parts: Parts, use: Use): Settings[] {
  const settings = parts.map(({ file, args, options }) => settle(file, args, options, use))
  const limits = { timeout: Math.min(...settings.map(one => one.timeout)), signal: anySignal(settings) }
  let link: Stream | undefined
  return settings.map((one, index) => {
    const incoming = link
    link = index === settings.length - 1 ? undefined : { kind: 'link', link: ++links }
    const part = parts[index] as Part
    if (one.terminal && settings.length > 1) {
      throw invalidOption('terminal', 'nothing for the members of a pipe', part.options.terminal)
    }
    if (link) checkOutgoing(part)
    return {
      ...one,
      ...limits,
      ...(incoming && { stdin: incoming, foreground: false }),
      ...(link && { [part.from]: link }),
    }
  })
}

function checkOutgoing({ from, options }: Part): void {
  const way = options[from]
  if (way !== undefined && way !== 'pipe')
    throw invalidOption(from, "'pipe' or nothing, since it goes to the next command", way)
}

function anySignal(settings: readonly Settings[]): AbortSignal | undefined {
  const signals = new Set(settings.map(one => one.signal).filter(signal => signal !== undefined))
  return signals.size > 1 ? AbortSignal.any([...signals]) : [...signals][0]
}
