// Stages for specs: a producer that counts, consumers that write down what they get and hold still when they have enough.
import type { ExecutionContext } from 'ava'
import { consumer, type Consumer, type StageBase } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

/** Each twice. */
export function doubled(events: readonly number[]): number[] {
  return events.flatMap(event => [event, event])
}

/** The function of a producer without end; `asks` are the demands it got. */
export function counting(): { readonly asks: number[]; readonly source: (demand: number) => number[] } {
  const asks: number[] = []
  let next = 0
  return {
    asks,
    source: demand => {
      asks.push(demand)
      next += demand
      return range(next - demand, next)
    },
  }
}

/** The function of a producer that gives nothing by itself. */
export function silent(): { readonly asks: number[]; readonly source: (demand: number) => never[] } {
  const asks: number[] = []
  return {
    asks,
    source: demand => {
      asks.push(demand)
      return []
    },
  }
}

export interface Recorder<I> {
  readonly stage: Consumer<I>
  readonly batches: I[][]
  /** When it had enough. It handles nothing more then. */
  readonly full: Promise<void>
}

/** Takes `events` events, and then holds the last batch for ever. */
export function recorder<I>(events: number, name = 'recorder'): Recorder<I> {
  const batches: I[][] = []
  const full = deferred()
  let count = 0
  const stage = consumer<I>(
    some => {
      batches.push([...some])
      count += some.length
      if (count < events) return undefined
      full.resolve()
      return new Promise<void>(() => {})
    },
    { name },
  )
  return { stage, batches, full: full.promise }
}

/** Ends stages after the test, whatever they are at. */
export function ending(t: ExecutionContext, ...stages: StageBase[]): void {
  t.teardown(async () => {
    for (const stage of stages) await stage.stop(undefined, { timeout: 0 }).catch(() => {})
  })
}
