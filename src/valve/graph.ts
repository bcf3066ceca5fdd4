// The graph of valves as data and as a drawing: who feeds whom, who holds what closed, who waits for whom.
import type { ValveMetrics } from '../observe/metrics.ts'
import type { ValveNode } from './node.ts'
import { waitsOf, type Step } from './waits.ts'

export function holdersOf(node: ValveNode): ValveMetrics['holders'] {
  const now = performance.now()
  return Array.from(node.holds, ({ reason, since }) => ({ reason, heldMs: now - since }))
}

/** For each party and reason the wait that is oldest. */
export function waitsFor(node: ValveNode): ValveMetrics['waitsFor'] {
  const now = performance.now()
  return Array.from(oldestOf(node), step => ({
    valve: step.to.title,
    for: step.for,
    waitedMs: now - step.wait.since,
  }))
}

/** For graphviz: closed ones filled, with their reasons; waits dashed. */
export function drawn(start: ValveNode): string {
  const connected = new Set<ValveNode>([start])
  for (const node of connected) for (const next of [...node.upstream, ...node.downstream]) connected.add(next)
  const lines = [...connected].flatMap(node => [
    vertex(node),
    ...Array.from(node.downstream, below => `  v${node.id} -> v${below.id}`),
    ...Array.from(oldestOf(node), step => waiting(step)),
  ])
  return `digraph valves {\n${lines.join('\n')}\n}\n`
}

function vertex(node: ValveNode): string {
  const reasons = Array.from(node.holds, ({ reason }) => reason)
  const waits = node.waits.length > 0 ? [`${node.waits.length} wait`] : []
  const label = JSON.stringify([node.title, ...reasons, ...waits].join('\n'))
  return `  v${node.id} [label=${label}${node.isClosed ? ', style=filled' : ''}]`
}

function waiting(step: Step): string {
  const label = `waits for ${step.for === 'room' ? 'room' : `a ${step.for}`}`
  return `  v${step.from.id} -> v${step.to.id} [style=dashed, label=${JSON.stringify(label)}]`
}

function oldestOf(node: ValveNode): Iterable<Step> {
  const oldest = new Map<string, Step>()
  for (const step of waitsOf(node)) {
    const key = `${step.to.id} ${step.for}`
    const known = oldest.get(key)
    if (known === undefined || step.wait.since < known.wait.since) oldest.set(key, step)
  }
  return oldest.values()
}
