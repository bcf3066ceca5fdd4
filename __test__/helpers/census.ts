// Counts what a test may leave behind: processes, zombies, descriptors, threads. `withCensus` fails the test that does.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ExecutionContext, TestFn } from 'ava'
import {
  allProcesses,
  descendantsOf,
  hasEnvironment,
  ownDescriptors,
  ownThreads,
  type ProcessInfo,
} from './processes.ts'
import { waitFor } from './wait-for.ts'

/** Inherited by every child, also by those that left group, session and parent behind. */
export const MARKER = 'SLUICEGATE_TEST_ID'
export const marker: string = (process.env[MARKER] ??= `${process.pid}-${randomUUID()}`)

export interface Census {
  /** Living descendants and marked processes, but for the resident shepherd. */
  readonly processes: readonly string[]
  /** Dead and not reaped, below this process or its shepherd. */
  readonly zombies: readonly string[]
  /** How many descriptors of each kind this process has. */
  readonly descriptors: ReadonlyMap<string, number>
  readonly threads: number
}

function isResidentShepherd(info: ProcessInfo): boolean {
  return info.ppid === process.pid && /^sluicegate-shepherd resident\b/u.test(info.commandLine)
}

/** The resident shepherds of this process: one, or none before the first spawn. */
export function shepherds(): ProcessInfo[] {
  return allProcesses().filter(info => isResidentShepherd(info))
}

function describe(info: ProcessInfo): string {
  return `${info.pid} (parent ${info.ppid}, group ${info.pgid}, ${info.state}) ${info.commandLine || info.name}`
}

export function takeCensus(): Census {
  const all = allProcesses()
  const below = new Set(descendantsOf(process.pid, all))
  const mine = all.filter(
    info =>
      info.pid !== process.pid &&
      !isResidentShepherd(info) &&
      (below.has(info) || hasEnvironment(info.pid, MARKER, marker)),
  )
  const descriptors = new Map<string, number>()
  for (const link of ownDescriptors().values()) {
    const kind = link.replace(/:\[\d+\]$/u, '')
    descriptors.set(kind, (descriptors.get(kind) ?? 0) + 1)
  }
  return {
    processes: mine.filter(info => info.state !== 'Z').map(info => describe(info)),
    zombies: mine.filter(info => info.state === 'Z').map(info => describe(info)),
    descriptors,
    threads: ownThreads(),
  }
}

/** What `after` has over `before`, in words; empty if nothing. */
export function leftBehind(before: Census, after: Census): string[] {
  const known = new Set([...before.processes, ...before.zombies].map(line => line.split(' ')[0]))
  const isNew = (line: string): boolean => !known.has(line.split(' ')[0])
  const found = [
    ...after.processes.filter(line => isNew(line)).map(line => `process ${line}`),
    ...after.zombies.filter(line => isNew(line)).map(line => `zombie ${line}`),
  ]
  for (const [kind, count] of after.descriptors) {
    const more = count - (before.descriptors.get(kind) ?? 0)
    if (more > 0) found.push(`${more} descriptor(s) ${kind}`)
  }
  if (after.threads > before.threads) found.push(`${after.threads - before.threads} thread(s)`)
  return found
}

/** Resolves when nothing is left over `before`; throws with the list after `deadline` ms. */
export async function everythingIsBack(before: Census, deadline = 2000): Promise<void> {
  let left: string[] = []
  await waitFor(
    () => {
      left = leftBehind(before, takeCensus())
      return left.length === 0
    },
    { deadline, interval: 10, what: () => `the end of:\n${left.join('\n')}` },
  )
}

/** Starts what Node starts once and keeps: the thread pool, and its descriptors. */
async function warmNode(): Promise<void> {
  await Promise.all(Array.from({ length: 8 }, async () => await readFile(import.meta.filename)))
}

export interface CensusOptions {
  /** Runs before the first census: what is started once per process and stays (a first spawn: shepherd, I/O thread). */
  readonly warmUp?: () => Promise<unknown>
  readonly deadline?: number
}

function nothing(): void {}

export type CensusTest<C> = (title: string, body: (t: ExecutionContext<C>) => Promise<void> | void) => void

/**
 * `const test = withCensus(anyTest, { warmUp: () => run('true') })`: tests of this kind run one after the other, and each
 * fails if 2 s after its end a process, zombie, descriptor or thread more is there than before it.
 */
export function withCensus<C>(test: TestFn<C>, { warmUp, deadline = 2000 }: CensusOptions = {}): CensusTest<C> {
  let warm: Promise<unknown> | undefined
  return (title, body) => {
    test.serial(title, async t => {
      await (warm ??= warmNode().then(async () => await warmUp?.()))
      const before = takeCensus()
      try {
        await body(t)
      } catch (error) {
        // What a test left that did not come to its end says nothing, and must not hide why.
        await everythingIsBack(before, deadline).catch(nothing)
        throw error
      }
      await t.notThrowsAsync(everythingIsBack(before, deadline))
    })
  }
}
