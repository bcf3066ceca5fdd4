// What is done to a channel, and what is set for it, when it runs beside its model: the operations and settings that channels inside a
// thread and between threads have alike, and how what came of one is told. Which instances there are, and what else they can do, is the spec's matter.
import fc from 'fast-check'
import type { SendPermit } from '../../src/channel/index.ts'
import { SluiceError } from '../../src/errors.ts'
import type { Item, Model, Setup } from './model.ts'

type Sizes = fc.Arbitrary<number>

/** Of `instances` that are the same channel, `at` names the one that does it. */
export function operations(instances: number, size: Sizes) {
  const at = fc.nat(instances - 1)
  const once = fc.boolean()
  const signal = fc.boolean()
  const which = fc.nat(5)
  const max = fc.integer({ min: 1, max: 5 })
  const count = fc.integer({ min: 1, max: 3 })
  return [
    { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), at, size, once, signal }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('trySend' as const), at, size }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('receive' as const), at, once, signal }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('tryReceive' as const), at }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('receiveMany' as const), at, max, less: fc.nat(4) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('reserve' as const), at, count }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('permitSend' as const), which, size }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('permitRelease' as const), which }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(10) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), at, fails: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), at }) },
  ] as const
}

/** Without a budget in bytes, or with one of these. */
export function setups(bytes: Sizes): fc.Arbitrary<Setup> {
  const overflow = fc.constantFrom('block', 'block', 'drop-newest', 'drop-oldest', 'error')
  return fc
    .record({ capacity: fc.nat(4), overflow, maxBytes: fc.option(bytes, { nil: undefined }) })
    .map(given => ({ ...given, capacity: capacityFor(given.overflow, given.capacity) }))
}

/** What drops its oldest has to have room for one. */
export function capacityFor(overflow: Setup['overflow'], capacity: number): number {
  return overflow === 'drop-oldest' ? capacity + 1 : capacity
}

export function codeOf(error: unknown): string {
  return error instanceof SluiceError ? error.code : String(error)
}

export function same(what: string, real: unknown, said: unknown): void {
  if (real !== said) throw new Error(`${what}: ${String(real)}, and the model says ${String(said)}`)
}

/** Values are numbers, or their digits. */
export function tryReceive<T>(channel: { tryReceive(): IteratorResult<T, undefined> | undefined }): string {
  try {
    const got = channel.tryReceive()
    if (got === undefined) return 'nothing'
    return got.done === true ? 'done' : String(Number(got.value))
  } catch (error) {
    return codeOf(error)
  }
}

/** Signals of what waits, or once did. */
export class Aborts {
  readonly #all: { readonly id: number; readonly controller: AbortController }[] = []

  signal(id: number): { signal: AbortSignal } {
    const controller = new AbortController()
    this.#all.push({ id, controller })
    return { signal: controller.signal }
  }

  wait(id: number, once: boolean, isSignalled: boolean): { timeout?: number; signal?: AbortSignal } {
    return { ...(once ? { timeout: 0 } : undefined), ...(isSignalled ? this.signal(id) : undefined) }
  }

  abort(which: number, model: Model): void {
    const [aborted] = this.#all.splice(which % Math.max(1, this.#all.length), 1)
    if (aborted === undefined) return
    aborted.controller.abort()
    model.giveUp(aborted.id, 'ABORT_ERR')
  }
}

/** A value as it is sent, and as the model knows it. */
export interface Made<T> {
  readonly value: T
  readonly item: Item
}

type PermitUse =
  | { readonly do: 'permitSend'; readonly which: number; readonly size: number }
  | { readonly do: 'permitRelease'; readonly which: number }

/** Permits that were reserved, and what is done with those that came. */
export class Permits<T> {
  readonly #all: { permit: SendPermit<T> | undefined; left: number }[] = []

  /** Takes what comes of it. */
  reserve(count: number): (permit: SendPermit<T>) => void {
    const entry = { permit: undefined as SendPermit<T> | undefined, left: count }
    this.#all.push(entry)
    return permit => void (entry.permit = permit)
  }

  /** `make` makes an item, if it comes to that. */
  use(one: PermitUse, model: Model, make: (size: number) => Made<T>): void {
    const usable = this.#all.filter(({ permit, left }) => permit !== undefined && left > 0)
    const chosen = usable[one.which % Math.max(1, usable.length)]
    if (chosen === undefined) return
    if (one.do === 'permitRelease') {
      chosen.permit?.release()
      model.permitRelease(chosen.left)
      chosen.left = 0
      return
    }
    const { value, item } = make(one.size)
    let real = 'ok'
    try {
      chosen.permit?.send(value)
    } catch (error) {
      real = codeOf(error)
    }
    const said = model.permitSend(item)
    if (said === 'ok') chosen.left -= 1
    same('permit', real, said)
  }
}
