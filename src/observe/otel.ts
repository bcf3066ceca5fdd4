// What 'sluicegate/otel' gives: the snapshot as OpenTelemetry metrics. Nothing is imported from OpenTelemetry but its types, and nothing is done between two collections.
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api'
import { invalidOption } from '../errors.ts'
import { sections, type Attributes, type Metric } from './otel-rows.ts'
import { snapshot } from './snapshot.ts'

/**
 * Reports the children, channels, queues, flows, stages, pipelines and valves of this thread to a meter, whenever that is collected. Objects of one name are
 * one series. Disposal ends it.
 *
 * @example
 * import { metrics } from '@opentelemetry/api'
 * import { instrument } from 'sluicegate/otel'
 *
 * instrument(metrics.getMeter('my-service'))
 */
export function instrument(meter: Meter): Disposable {
  if (meter === null || typeof meter !== 'object' || typeof meter.addBatchObservableCallback !== 'function') {
    throw invalidOption('meter', 'a Meter of @opentelemetry/api', meter)
  }
  const observables = new Map<string, Observable>()
  for (const { metrics } of sections) {
    for (const metric of metrics) if (!observables.has(metric.name)) observables.set(metric.name, make(meter, metric))
  }
  let before: ReadonlyMap<string, Point> = new Map()
  const bygone = new Map<string, number>()
  const collect = (result: BatchObservableResult): void => {
    const now = points()
    for (const [key, point] of before) carry(bygone, key, point, now.get(key))
    // A series that is not observed keeps its last value. That is right for a counter, but what is gone has no level.
    for (const [key, point] of before) {
      if (point.metric.kind !== 'counter' && !now.has(key)) observe(result, observables, { ...point, value: 0 })
    }
    for (const [key, point] of now) {
      observe(result, observables, { ...point, value: point.value + (bygone.get(key) ?? 0) })
    }
    before = now
  }
  const all = [...observables.values()]
  meter.addBatchObservableCallback(collect, all)
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(collect, all) }
}

function make(meter: Meter, { kind, name, unit, description }: Metric): Observable {
  if (kind === 'counter') return meter.createObservableCounter(name, { unit, description })
  if (kind === 'level') return meter.createObservableUpDownCounter(name, { unit, description })
  return meter.createObservableGauge(name, { unit, description })
}

interface Point {
  readonly metric: Metric
  readonly attributes: Attributes
  value: number
  /** Of a counter that is no position: what each object has counted. */
  readonly counts: Map<object, number>
}

/** A counter never falls: what objects that are gone, or began anew, had counted when it was looked at last stays in it. */
function carry(bygone: Map<string, number>, key: string, before: Point, now: Point | undefined): void {
  for (const [owner, count] of before.counts) {
    const lost = count - (now?.counts.get(owner) ?? 0)
    if (lost > 0) bygone.set(key, (bygone.get(key) ?? 0) + lost)
  }
}

/** Of two observations with the same attributes the later one would win, so objects of one name are put together first. */
function points(): ReadonlyMap<string, Point> {
  const all = new Map<string, Point>()
  const now = snapshot()
  for (const { read } of sections) {
    read(now, (metric, value, attributes, owner) => {
      // A channel without a bound has an infinite capacity, which is no value that can be exported.
      if (!Number.isFinite(value)) return
      const key = JSON.stringify([metric.name, attributes])
      const point = all.get(key) ?? { metric, attributes, value: 0, counts: new Map<object, number>() }
      all.set(key, point)
      point.value = metric.kind === 'gauge' ? Math.max(point.value, value) : point.value + value
      if (metric.kind === 'counter' && metric.isPosition !== true)
        point.counts.set(owner, (point.counts.get(owner) ?? 0) + value)
    })
  }
  return all
}

function observe(
  result: BatchObservableResult,
  observables: ReadonlyMap<string, Observable>,
  { metric, attributes, value }: Point,
): void {
  const observable = observables.get(metric.name)
  if (observable !== undefined) result.observe(observable, value, attributes)
}
