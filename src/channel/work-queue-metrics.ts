// The metrics of a queue, read from its parts when asked for.
import type { QueueParts } from './work-queue-admission.ts'
import type { WorkQueueMetrics } from './work-queue-types.ts'

export function measuredQueue<T>({ settings, line, slots, ledger }: QueueParts<T, unknown>): WorkQueueMetrics {
  const { completed, failed, dropped, waitMs, runMs } = ledger
  const { running, delayed } = slots
  const counts = { running, waiting: line.length, delayed, completed, failed, dropped }
  return { kind: 'queue', name: settings.name, ...counts, waitMs: { ...waitMs }, runMs: { ...runMs } }
}
