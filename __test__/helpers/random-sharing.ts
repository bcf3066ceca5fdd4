// What one thread does at random with what all of them share, and what came of it.
import type { Permit } from '../../src/channel/index.ts'
import type { SharedChannel, SharedSemaphore } from '../../src/shared/index.ts'
import { turns } from './wait-for.ts'

/** Operations of one thread that are under way at once. */
const MOST_OPEN = 6

export interface Tally {
  readonly accepted: string[]
  readonly received: string[]
  /** Operations that did not settle, or did so twice. */
  readonly unsettled: number
  /** The most permits that were out at once, in all threads. */
  readonly mostHeld: number
}

/** A small generator of numbers from 0 to 1 that gives the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

export async function shareAtRandom(
  channel: SharedChannel<string>,
  semaphore: SharedSemaphore,
  held: Int32Array,
  { seed, count }: { seed: number; count: number },
): Promise<Tally> {
  const random = randomFrom(seed)
  const accepted: string[] = []
  const received: string[] = []
  const open = new Map<AbortController, Promise<void>>()
  let [sequence, asked, settled, mostHeld] = [0, 0, 0, 0]
  const value = (): string => `${seed}:${sequence++}`
  const watch = <R>(start: (signal: AbortSignal) => Promise<R>, done: (result: R) => void): void => {
    const controller = new AbortController()
    asked += 1
    const over = (): void => {
      settled += 1
      open.delete(controller)
    }
    const wait = start(controller.signal).then(
      result => {
        over()
        done(result)
      },
      () => over(),
    )
    open.set(controller, wait)
    const fate = random()
    if (fate < 0.15) controller.abort()
    else if (fate < 0.3) queueMicrotask(() => controller.abort())
    else if (fate < 0.45) setImmediate(() => controller.abort())
  }
  const hold = (permit: Permit): void => {
    mostHeld = Math.max(mostHeld, Atomics.add(held, 0, permit.permits) + permit.permits)
    setImmediate(() => {
      Atomics.sub(held, 0, permit.permits)
      permit.release()
    })
  }
  const operations = [
    () => {
      const own = value()
      watch(
        signal => channel.send(own, { signal }),
        () => void accepted.push(own),
      )
    },
    () => {
      const own = value()
      if (channel.trySend(own) === 'sent') accepted.push(own)
    },
    () =>
      watch(
        signal => channel.receive({ signal }),
        step => void (step.done === true || received.push(step.value)),
      ),
    () =>
      watch(
        signal => channel.receiveMany(3, { signal }),
        values => void received.push(...values),
      ),
    () =>
      watch(
        signal => channel.reserve({ signal, count: 2 }),
        permit => {
          const own = value()
          permit.send(own)
          accepted.push(own)
          permit.release()
        },
      ),
    () =>
      watch(
        signal => semaphore.acquire({ signal, permits: 1 + Math.floor(random() * 3) }),
        permit => hold(permit),
      ),
  ]
  for (let at = 0; at < count; at++) {
    operations[Math.floor(random() * operations.length)]?.()
    const [oldest] = open.keys()
    if (open.size > MOST_OPEN) oldest?.abort()
    if (random() < 0.1) await turns()
  }
  for (const controller of open.keys()) controller.abort()
  await Promise.all(open.values())
  // The permits that came last are released by then.
  await turns(2)
  return { accepted, received, unsettled: asked - settled, mostHeld }
}
