// Circles of sends that wait for each other. A valve stands for one party, which takes nothing while it waits to give: so a party that waits
// for room, or for a level to fall, waits for the party behind that valve.
import { SluiceError } from '../errors.ts'
import type { ValveNode, Wait } from './node.ts'

interface Step {
  readonly from: ValveNode
  /** The valve it waits at; the one it waits for may be further down. */
  readonly at: ValveNode
  readonly to: ValveNode
  readonly wait: Wait
}

/** Reports a circle through this valve, if there is one and it is still there when the event loop has turned: whatever was on its way has come then. */
export function lookForCircle(start: ValveNode): void {
  const circle = findCircle(start)
  if (circle === undefined) return
  setImmediate(() =>
    setImmediate(() => {
      if (circle.every(({ from, to, wait }) => waitsOf(from).some(step => step.wait === wait && step.to === to))) {
        confirm(circle)
      }
    }),
  )
}

const reported = new WeakSet<Wait>()

function confirm(circle: readonly Step[]): void {
  const [first] = circle
  if (first === undefined || circle.every(({ wait }) => reported.has(wait))) return
  for (const { wait } of circle) reported.add(wait)
  const members = circle.flatMap(({ from, at, to }) => (at === from || at === to ? [from] : [from, at]))
  const path = [...members, first.from].map(({ title }) => title)
  for (const member of new Set(members)) member.publish('deadlock', path)
  if (!circle.some(({ from }) => from.throws)) return
  const youngest = circle.reduce((one, other) => (other.wait.since >= one.wait.since ? other : one))
  youngest.wait.fail(new SluiceError('ERR_DEADLOCK', `Sends wait for each other: ${path.join(' → ')}`))
}

/** The shortest way from a valve back to itself along what waits. */
function findCircle(start: ValveNode): readonly Step[] | undefined {
  const paths = new Map<ValveNode, readonly Step[]>([[start, []]])
  for (const [node, path] of paths) {
    for (const step of waitsOf(node)) {
      if (step.to === start) return [...path, step]
      if (!paths.has(step.to)) paths.set(step.to, [...path, step])
    }
  }
  return undefined
}

/** What the party of a valve waits for. */
function waitsOf(from: ValveNode): Step[] {
  const steps: Step[] = []
  for (const below of from.downstream) {
    for (const wait of below.waits) {
      if (senderOf(below, wait) !== from) continue
      if (wait.isForRoom) steps.push({ from, at: below, to: below, wait })
      else for (const to of levelled(below)) steps.push({ from, at: below, to, wait })
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

function levelled(node: ValveNode): ValveNode[] {
  return [...node.reach('downstream')].filter(one => [...one.holds].some(({ isLevel }) => isLevel))
}
