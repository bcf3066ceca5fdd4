// Circles of sends that wait for each other. Whoever holds a lease may release it whatever else happens, so only waits for room and for
// levels make one.
import { SluiceError } from '../errors.ts'
import type { ValveNode, Wait } from './node.ts'
import { waitsOf, type Step } from './waits.ts'

/**
 * Reports a circle through this valve, if there is one and it is still there when the event loop has turned: whatever was on its way has come
 * then. If one of its sends has gone meanwhile, another one that waits for the same may have taken its place.
 */
export function lookForCircle(start: ValveNode): void {
  const circle = findCircle(start)
  if (circle === undefined) return
  setImmediate(() =>
    setImmediate(() => {
      if (circle.every(({ from, to, wait }) => waitsOf(from).some(step => step.wait === wait && step.to === to))) {
        confirm(circle)
      } else lookForCircle(start)
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
  // When it has gone, others of the same party may wait for the same.
  setImmediate(() => lookForCircle(first.from))
}

/** The shortest way from a valve back to itself along what waits. */
function findCircle(start: ValveNode): readonly Step[] | undefined {
  const paths = new Map<ValveNode, readonly Step[]>([[start, []]])
  for (const [node, path] of paths) {
    for (const step of waitsOf(node)) {
      if (step.for === 'lease') continue
      if (step.to === start) return [...path, step]
      if (!paths.has(step.to)) paths.set(step.to, [...path, step])
    }
  }
  return undefined
}
