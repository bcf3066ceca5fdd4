// The metrics of a flow that runs, read from its edges when asked for.
import type { FlowMetrics } from '../observe/index.ts'
import type { Step } from './step.ts'

export function measured(last: Step<unknown>): FlowMetrics {
  const edges = last.metrics()
  const bottleneck = edges.filter(({ fillRatio }) => fillRatio === 1).at(-1)?.name
  return { kind: 'flow', name: last.flowName, edges, ...(bottleneck === undefined ? undefined : { bottleneck }) }
}
