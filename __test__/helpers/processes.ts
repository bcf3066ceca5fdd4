// Reads /proc: who lives, who is whose child. Knows nothing of tests. Empty where there is no /proc.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

export interface ProcessInfo {
  readonly pid: number
  readonly ppid: number
  readonly pgid: number
  readonly sid: number
  readonly state: string
  readonly name: string
  readonly commandLine: string
  /** When it began, in ticks since the boot: with the number it names one process for ever. */
  readonly began: number
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** One process, or undefined if it is gone. A zombie is still there, with state 'Z'. */
export function processInfo(pid: number): ProcessInfo | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The name stands in parentheses and may contain any character, parentheses too.
  const open = stat.indexOf('(')
  const close = stat.lastIndexOf(')')
  const fields = stat.slice(close + 2).split(' ')
  const [state = '?', ppid, pgid, sid] = fields
  return {
    pid,
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    state,
    name: stat.slice(open + 1, close),
    commandLine: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim(),
    began: Number(fields[19]),
  }
}

export function allProcesses(): ProcessInfo[] {
  return list('/proc')
    .filter(name => /^\d+$/u.test(name))
    .map(name => processInfo(Number(name)))
    .filter(info => info !== undefined)
}

/** Everything below `pid` among `processes`, children first. */
export function descendantsOf(pid: number, processes: readonly ProcessInfo[] = allProcesses()): ProcessInfo[] {
  const found = processes.filter(info => info.ppid === pid)
  return [...found, ...found.flatMap(info => descendantsOf(info.pid, processes))]
}

/** Whether the process is there and is no zombie. */
export function isAlive(pid: number): boolean {
  const info = processInfo(pid)
  return info !== undefined && info.state !== 'Z' && info.state !== 'X'
}

/** Whether the variable stands in the environment the process was started with. */
export function hasEnvironment(pid: number, name: string, value: string): boolean {
  return (read(`/proc/${pid}/environ`) ?? '').split('\0').includes(`${name}=${value}`)
}

/** The open descriptors of this process by number, with what each is. */
export function ownDescriptors(): Map<number, string> {
  const open = new Map<number, string>()
  for (const name of list('/proc/self/fd')) {
    try {
      open.set(Number(name), readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      // The descriptor of the listing itself is closed again.
    }
  }
  return open
}

export function ownThreads(): number {
  return list('/proc/self/task').length
}
