// `snapshot()`: the metrics of everything that is listed, at one moment.
import type { ChannelMetrics } from '../channel/types.ts'
import type { WorkQueueMetrics } from '../channel/work-queue-types.ts'
import type { ProcessMetrics } from '../process/types.ts'
import type { PipelineMetrics } from '../pipeline/types.ts'
import type { FlowMetrics, StageMetrics, ValveMetrics } from './metrics.ts'
import { liveChildren, measured } from './registry.ts'

/** Every live child and every named channel, queue, flow that runs, stage, pipeline and valve of this thread. Being listed keeps nothing alive. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly processes: readonly ProcessMetrics[]
  readonly channels: readonly ChannelMetrics[]
  readonly queues: readonly WorkQueueMetrics[]
  readonly flows: readonly FlowMetrics[]
  readonly stages: readonly StageMetrics[]
  readonly pipelines: readonly PipelineMetrics[]
  readonly valves: readonly ValveMetrics[]
}

/**
 * Counters and levels of everything that is going on in this thread, as plain data.
 *
 * @example
 * for (const { name, fillRatio } of snapshot().channels) console.log(name, fillRatio)
 */
export function snapshot(): Snapshot {
  return {
    at: Date.now(),
    processes: Array.from(liveChildren, child => child.measure()),
    channels: measured('channels'),
    queues: measured('queues'),
    flows: measured('flows'),
    stages: measured('stages'),
    pipelines: measured('pipelines'),
    valves: measured('valves'),
  }
}
