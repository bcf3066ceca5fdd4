// A valve as users see it. What it knows is in its node; the right to close it is the authority's.
import type { Sender } from '../channel/index.ts'
import type { EventsOptions, Lagged } from '../feed.ts'
import { invalidOption } from '../errors.ts'
import type { ValveMetrics } from '../observe/metrics.ts'
import { list } from '../observe/index.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { timeoutError } from '../errors.ts'
import { MINT, PressureAuthority } from './authority.ts'
import { drawn, holdersOf, waitsFor } from './graph.ts'
import { GuardedSender } from './guarded-sender.ts'
import { ValveNode } from './node.ts'
import { StallWatch } from './stall.ts'
import type { Holder, ValveEvent, ValveOptions } from './types.ts'
import { invalidAuthority } from './valve-errors.ts'

/** How a sender is guarded. */
export interface GuardOptions {
  /** The valve of the party that sends, where several feed this one. */
  from?: Valve
  /** So many sends still pass under each pressure before they wait: 0 by default. */
  grace?: number
}

/**
 * Lets through, or holds up, whoever sends to one party: a disk, a child, a stage. Pressure below climbs to every valve above, so the first
 * producer stops in the end. What answers and ends is never held up.
 *
 * @example
 * const { valve, authority } = Valve.create({ name: 'disk' })
 * const rows = valve.guard(channel)
 * authority.watch(channel, { high: 0.9, low: 0.5 })
 */
export class Valve {
  readonly #node: ValveNode
  readonly #stalls: StallWatch

  private constructor(mint: typeof MINT, node: ValveNode, stallAfter: number) {
    if (mint !== MINT) throw invalidAuthority('A valve comes from Valve.create()')
    this.#node = node
    this.#stalls = new StallWatch(node, stallAfter)
    list('valves', node.name, this, valve => valve.metrics())
  }

  /** The valve is for everybody, the authority for those who may close it. */
  static create(options: ValveOptions = {}): { readonly valve: Valve; readonly authority: PressureAuthority } {
    if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
    const { name = '', onDeadlock = 'report', stallAfter = Infinity } = options
    if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
    if (onDeadlock !== 'report' && onDeadlock !== 'throw') {
      throw invalidOption('onDeadlock', "'report' or 'throw'", onDeadlock)
    }
    if (!(typeof stallAfter === 'number' && stallAfter > 0)) {
      throw invalidOption('stallAfter', 'a number of ms above 0', stallAfter)
    }
    const node = new ValveNode(name, onDeadlock === 'throw')
    return { valve: new Valve(MINT, node, stallAfter), authority: PressureAuthority.of(MINT, node) }
  }

  static #nodeOf(valve: Valve, option: string): ValveNode {
    if (valve === null || typeof valve !== 'object' || !(#node in valve)) throw invalidOption(option, 'a valve', valve)
    return valve.#node
  }

  /** By a lease of its own, or by one of a valve below. */
  get isUnderPressure(): boolean {
    return this.#node.isClosed
  }

  /** Fulfils when there is no pressure; at once if there is none. */
  opened(options?: WaitOptions): Promise<void> {
    try {
      checkWait(options)
    } catch (error) {
      return rejected(error)
    }
    const node = this.#node
    if (!node.isClosed) return Promise.resolve()
    if (triesOnce(options)) return rejected(timeoutError('The valve', 0))
    return new Promise((resolve, reject) => {
      const opened = (): void => {
        // Somebody may have closed it again before it was this one's turn.
        if (node.isClosed) return node.whenOpen(opened)
        guard?.disarm()
        resolve()
      }
      const guard = Guard.of(options, 'The valve', error => {
        node.forget(opened)
        reject(error)
      })
      node.whenOpen(opened)
    })
  }

  /** The same sender, whose sends wait under pressure. `close` and permits that are held already pass. */
  guard<T>(sender: Sender<T>, options: GuardOptions = {}): Sender<T> {
    if (sender === null || typeof sender !== 'object' || typeof sender.trySend !== 'function') {
      throw invalidOption('sender', 'a sender', sender)
    }
    if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
    const { grace = 0 } = options
    if (!(Number.isSafeInteger(grace) && grace >= 0)) throw invalidOption('grace', 'a number of sends from 0', grace)
    const from = options.from === undefined ? undefined : Valve.#nodeOf(options.from, 'from')
    return new GuardedSender(sender, this.#node, { from, grace, stalls: this.#stalls })
  }

  /** The party of this valve sends to the one of that: pressure there is pressure here. */
  feeds(downstream: Valve): this {
    const below = Valve.#nodeOf(downstream, 'downstream')
    this.#node.feed(below)
    this.#node.spread()
    return this
  }

  /** What happens from now on. */
  events(options?: EventsOptions): AsyncIterable<ValveEvent | Lagged> {
    this.#node.keep()
    return this.#node.events.listen(options)
  }

  /** Who holds it closed, in the valves below too. */
  holders(): readonly Holder[] {
    return [...this.#node.reach('downstream')].flatMap(holdersOf)
  }

  metrics(): ValveMetrics {
    const node = this.#node
    return {
      kind: 'valve',
      name: node.name,
      leases: node.holds.size,
      appliedMs: node.closedMs,
      mutedSenders: node.waits.length,
      feeds: Array.from(node.downstream, ({ title }) => title),
      holders: holdersOf(node),
      waitsFor: waitsFor(node),
    }
  }

  /** This valve and all that are connected to it, for graphviz: closed ones filled, with their reasons, and who waits for whom dashed. */
  dot(): string {
    return drawn(this.#node)
  }
}
