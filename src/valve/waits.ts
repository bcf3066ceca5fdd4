// Who waits for whom. A valve stands for one party, which takes nothing while it waits to give: so a party that waits for room, or for
// pressure to end, waits for the party behind that valve.
import type { ValveNode, Wait } from './node.ts'

/** One party waits for another. */
export interface Step {
  readonly from: ValveNode
  /** The valve it waits at; the one it waits for may be further down. */
  readonly at: ValveNode
  readonly to: ValveNode
  /** For room behind the valve, for a level to fall, which it does when its party takes, or for whoever holds a lease. */
  readonly for: 'room' | 'level' | 'lease'
  readonly wait: Wait
}

/** What the party of a valve waits for. */
export function waitsOf(from: ValveNode): Step[] {
  const steps: Step[] = []
  for (const at of from.downstream) {
    for (const wait of at.waits.all()) {
      if (senderOf(at, wait) !== from) continue
      if (wait.isForRoom) steps.push({ from, at, to: at, for: 'room', wait })
      else for (const to of at.reach('downstream')) steps.push(...heldBy({ from, at, to, wait }))
    }
  }
  return steps
}

/** Who can be told: the one who was named, or the only one there is. */
function senderOf(node: ValveNode, wait: Wait): ValveNode | undefined {
  if (wait.from !== undefined) return wait.from
  const [only, ...others] = node.upstream
  return others.length === 0 ? only : undefined
}

/** Once for each kind of hold there. */
function heldBy(step: Omit<Step, 'for'>): Step[] {
  const kinds = new Set(Array.from(step.to.holds, ({ isLevel }) => (isLevel ? 'level' : 'lease')))
  return Array.from(kinds, kind => ({ ...step, for: kind }))
}
