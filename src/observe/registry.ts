// What there is to observe in this thread: children while they live, named objects while somebody else holds them, and a few totals.
// Reading costs something, being listed next to nothing: counters are kept by their owners and read when asked for.
import type { Snapshot } from './snapshot.ts'

/** The lists of a snapshot that hold named objects. */
export type NamedKind = Exclude<keyof Snapshot, 'at' | 'processes'>
type MetricsOf<K extends NamedKind> = Snapshot[K][number]

/** A child that runs: held by whoever waits for its exit anyway. */
export interface LiveChild {
  measure(): Snapshot['processes'][number]
}

interface Listed<M> {
  readonly target: WeakRef<object>
  readonly measure: (target: never) => M
}

/** Sums over everything that ever was, so that they never fall. */
export const totals = { spawned: 0, failedStarts: 0, exitedOk: 0, exitedNotOk: 0, batches: 0, batchItems: 0 }

export const liveChildren: Set<LiveChild> = new Set<LiveChild>()

const listed: { readonly [K in NamedKind]: Set<Listed<MetricsOf<K>>> } = {
  channels: new Set(),
  queues: new Set(),
  flows: new Set(),
  stages: new Set(),
  pipelines: new Set(),
  valves: new Set(),
}
const collected = new FinalizationRegistry<() => void>(forget => forget())

/** Lists an object for as long as it lives, or until what this gives is called, unless its name is empty. `measure` must not hold it. */
export function list<K extends NamedKind, T extends object>(
  kind: K,
  name: string,
  target: T,
  measure: (target: T) => MetricsOf<K>,
): (() => void) | undefined {
  if (name === '') return undefined
  const entries: Set<Listed<MetricsOf<K>>> = listed[kind]
  const entry: Listed<MetricsOf<K>> = { target: new WeakRef(target), measure }
  entries.add(entry)
  const forget = (): void => void entries.delete(entry)
  collected.register(target, forget)
  return forget
}

/** Whose metrics these are, for as long as both are there. */
const owners = new WeakMap<object, object>()

/** What stands for the object that the metrics were read of: the same each time. */
export function ownerOf(metrics: object): object {
  return owners.get(metrics) ?? metrics
}

/** The metrics of each listed object of a kind. */
export function measured<K extends NamedKind>(kind: K): MetricsOf<K>[] {
  const metrics: MetricsOf<K>[] = []
  const entries: Set<Listed<MetricsOf<K>>> = listed[kind]
  for (const entry of entries) {
    const alive = entry.target.deref()
    if (alive === undefined) continue
    const measuredNow = entry.measure(alive as never)
    owners.set(measuredNow, entry)
    metrics.push(measuredNow)
  }
  return metrics
}
