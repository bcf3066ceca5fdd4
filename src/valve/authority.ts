// The right to apply and release pressure. Whoever has the valve alone can only see it, and wait.
import { onLevel, type LevelSource } from '../channel/index.ts'
import { invalidOption } from '../errors.ts'
import { lookForCircle } from './deadlock.ts'
import { Hold, Lease } from './lease.ts'
import type { ValveNode } from './node.ts'
import type { ApplyOptions, Marks, PressureLease } from './types.ts'
import { invalidAuthority } from './valve-errors.ts'

/** Known to this folder alone, so that nobody else makes an authority or a valve. */
export const MINT: unique symbol = Symbol('mint')

/**
 * Who has it may apply and release pressure; it can be neither made nor copied. A valve is under pressure while at least one lease lives, so
 * two that apply don't end each other's.
 *
 * @example
 * using lease = authority.apply('disk is full', { maxHold: 60_000 })
 */
export class PressureAuthority {
  readonly #node: ValveNode
  readonly #holds = new Set<Hold>()
  #isRevoked = false

  private constructor(mint: typeof MINT, node: ValveNode) {
    if (mint !== MINT) throw invalidAuthority('An authority comes from Valve.create()')
    this.#node = node
  }

  /** @internal */
  static of(mint: typeof MINT, node: ValveNode): PressureAuthority {
    return new PressureAuthority(mint, node)
  }

  /** The valve is under pressure until the lease is released, by its holder or the end of its owner. */
  apply(reason = '', options: ApplyOptions = {}): PressureLease {
    PressureAuthority.#check(this)
    checkApply(reason, options)
    const hold = this.#hold(reason, false)
    hold.bind(options)
    return new Lease(hold, options.owner !== undefined || options.maxHold !== undefined)
  }

  /** Under pressure while this is under way: a write into a full pipe, a socket's drain, a slow handler. Gives what it gives. */
  async during<R>(work: Promise<R>, reason = ''): Promise<R> {
    if (!(work instanceof Promise)) throw invalidOption('work', 'a promise', work)
    // Under way already: when no pressure may be applied, what becomes of it is still attended to.
    work.catch(() => {})
    const lease = this.apply(reason, { owner: { closed: work } })
    try {
      return await work
    } finally {
      lease.release()
    }
  }

  /** Applies when a channel, or the line of a queue, is filled up to `high`, and releases when it is down to `low`. No timer runs for it. */
  watch(source: LevelSource, { high, low }: Marks): Disposable {
    PressureAuthority.#check(this)
    if (!(typeof high === 'number' && high > 0 && high <= 1)) {
      throw invalidOption('high', 'a part of the capacity above 0 and up to 1', high)
    }
    if (!(typeof low === 'number' && low >= 0 && low < high)) {
      throw invalidOption('low', `a part of the capacity from 0 and below high, which is ${high},`, low)
    }
    let hold: Hold | undefined
    const heed = (ratio: number): void => {
      if (ratio >= high && hold === undefined && !this.#isRevoked) {
        hold = this.#hold('level', true)
        lookForCircle(this.#node)
      } else if (ratio <= low && hold !== undefined) release()
    }
    const release = (): void => {
      const held = hold
      hold = undefined
      held?.end()
    }
    const listening = onLevel(source, heed)
    heed('waiting' in source ? source.waiting / source.capacity : source.length / source.capacity)
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]()
        release()
      },
    }
  }

  /** Releases everything it has applied, and is no good any more. */
  revoke(): void {
    PressureAuthority.#check(this)
    this.#isRevoked = true
    for (const hold of this.#holds) hold.end()
  }

  static #check(authority: PressureAuthority): void {
    if (!(#node in authority)) throw invalidAuthority('This is no authority of Valve.create()')
    if (authority.#isRevoked) throw invalidAuthority(`The authority of ${authority.#node.title} has been revoked`)
  }

  #hold(reason: string, isLevel: boolean): Hold {
    const node = this.#node
    const hold = new Hold(reason, isLevel, ended => {
      this.#holds.delete(ended)
      node.holds.delete(ended)
      node.progress += 1
      node.publish('release')
      node.spread()
    })
    this.#holds.add(hold)
    node.holds.add(hold)
    node.publish('apply')
    node.spread()
    return hold
  }
}

function checkApply(reason: string, { owner, maxHold }: ApplyOptions): void {
  if (typeof reason !== 'string') throw invalidOption('reason', 'a string', reason)
  if (maxHold !== undefined && !(typeof maxHold === 'number' && maxHold >= 0)) {
    throw invalidOption('maxHold', 'a number of ms that is not negative', maxHold)
  }
  if (owner === undefined || owner instanceof AbortSignal) return
  if (owner === null || typeof owner !== 'object' || !(owner.closed instanceof Promise)) {
    throw invalidOption('owner', 'an AbortSignal, or something with a promise named `closed`', owner)
  }
}
