// What a process or one of our threads has used so far, from /proc.

import { readFileSync, readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

function field(file: string, name: string): number {
  const line = readFileSync(file, 'latin1')
    .split('\n')
    .find(text => text.startsWith(`${name}:`))
  return Number.parseInt(line?.slice(name.length + 1) ?? 'NaN', 10)
}

/** Bytes that a living process has handed to write(2). */
export function writtenBy(pid: number): number {
  return field(`/proc/${pid}/io`, 'wchar')
}

/** Clock ticks on a processor, in user and kernel. */
export function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** The ids of our threads of that name. One that ends while we look has none. */
function threadsCalled(name: string): string[] {
  return readdirSync('/proc/self/task').filter(id => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim() === name
    } catch {
      return false
    }
  })
}

/** How often our thread of that name went to sleep, and so was woken. */
export function sleepsOfThread(name: string): number {
  const [thread] = threadsCalled(name)
  if (thread === undefined) throw new Error(`no thread ${name}`)
  return field(`/proc/self/task/${thread}/status`, 'voluntary_ctxt_switches')
}

/** How many threads of that name this process has. */
export function threadsNamed(name: string): number {
  return threadsCalled(name).length
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of memory that this process has, without what is only garbage. */
export function ownMemory(): number {
  collect()
  return process.memoryUsage.rss()
}

/** Bytes of JavaScript values, without garbage. */
export function ownHeap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Counts how often an interval of the event loop ran. */
export class Ticks {
  count = 0
  readonly #timer: NodeJS.Timeout

  constructor(milliseconds: number) {
    this.#timer = setInterval(() => this.count++, milliseconds)
  }

  stop(): number {
    clearInterval(this.#timer)
    return this.count
  }
}
