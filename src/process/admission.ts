// Admission: the permits that are taken before children start, and given back when they are closed or were not started after all.
// Who gives them is the caller's `limiter`, and the cap of `limitChildren`.
import { Semaphore, type Permit } from '../channel/index.ts'
import { invalidOption } from '../errors.ts'
import { environment } from '../native/index.ts'
import type { WaitOptions } from '../wait.ts'
import { givenUp } from './failure.ts'
import type { Settings } from './options.ts'
import { isObject } from './options/check.ts'

/** What a `limiter` has to be: a Semaphore, or what hands out permits as one does. */
export interface Limiter {
  acquire(options?: WaitOptions & { permits?: number }): Promise<Permit>
}

let cap: (Limiter & { resize(permits: number): void }) | undefined

/**
 * Caps how many children of this thread live at once, from their start to `closed`; those beyond wait their turn, in order, before anything is
 * made for them. A pipe is admitted as a whole. Children that live already are not counted. `Infinity` lifts the cap; there is none by default.
 *
 * @example
 * limitChildren(2 * availableParallelism())
 */
export function limitChildren(most: number): void {
  if (most !== Infinity && !(Number.isSafeInteger(most) && most >= 1))
    throw invalidOption('most', 'a positive integer or Infinity', most)
  if (cap === undefined) cap = new Semaphore(most, { name: 'children' })
  else cap.resize(most)
}

export function limiterOption(value: unknown): Limiter | undefined {
  if (value === undefined) return undefined
  if (!isObject(value) || typeof value['acquire'] !== 'function') throw invalidOption('limiter', 'a Semaphore', value)
  return value as unknown as Limiter
}

/** Gives a child's permits back; further calls do nothing. */
export type Release = () => void

/** Whether these children have to be admitted. */
export function isLimited(settings: readonly Settings[]): boolean {
  return cap !== undefined || settings.some(one => one.limiter !== undefined)
}

/**
 * Waits for the permits of all of them, or takes none. Their signal ends the wait, and so does `left`.
 *
 * All that one limiter gives is asked for at once, and limiters are asked in one order by everybody: two pipes that each hold what the
 * other waits for would wait for ever.
 */
export async function admit(settings: readonly Settings[], left?: AbortSignal): Promise<readonly Release[]> {
  const shares: Share[] = []
  // Who holds what is waited for may be nothing that keeps the event loop alive.
  const host = environment()
  host.hold()
  const signals = [settings[0]?.signal, left].filter(one => one !== undefined)
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0]
  try {
    for (const [limiter, members] of demands(settings)) shares.push(await Share.of(limiter, members, signal))
  } catch (error) {
    for (const share of shares) share.releaseAll()
    const stopped = settings.find(one => one.signal?.aborted)
    throw stopped === undefined ? error : givenUp('abort', stopped)
  } finally {
    host.drop()
  }
  return settings.map((_, member) => () => {
    for (const share of shares) share.release(member)
  })
}

/** What one limiter gave. It comes back when the last child that needed it is over. */
class Share {
  readonly #permit: Permit
  readonly #members: Set<number>

  private constructor(permit: Permit, members: Set<number>) {
    this.#permit = permit
    this.#members = members
  }

  static async of(limiter: Limiter, members: Set<number>, signal: AbortSignal | undefined): Promise<Share> {
    const permits = members.size
    return new Share(await limiter.acquire({ ...(signal && { signal }), ...(permits > 1 && { permits }) }), members)
  }

  release(member: number): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.#permit.release()
  }

  releaseAll(): void {
    this.#members.clear()
    this.#permit.release()
  }
}

let met = 0
const order = new WeakMap<Limiter, number>()

function placeOf(limiter: Limiter): number {
  let place = order.get(limiter)
  if (place === undefined) order.set(limiter, (place = ++met))
  return place
}

/** Which of the children each limiter is asked for, in the order of asking. */
function demands(settings: readonly Settings[]): [Limiter, Set<number>][] {
  const members = new Map<Limiter, Set<number>>()
  for (const [index, { limiter }] of settings.entries()) {
    for (const one of [cap, limiter]) {
      if (one === undefined) continue
      const known = members.get(one)
      if (known) known.add(index)
      else members.set(one, new Set([index]))
    }
  }
  return [...members].sort(([one], [other]) => placeOf(one) - placeOf(other))
}
