// A valve as users see it. What it knows is in its node; the right to close it is the authority's.
import type { Sender } from '../channel/index.ts'
import type { EventsOptions, Lagged } from '../feed.ts'
import { invalidOption } from '../errors.ts'
import type { ValveMetrics } from '../observe/metrics.ts'
import { list } from '../observe/index.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { timeoutError } from '../errors.ts'
import { MINT, PressureAuthority } from './authority.ts'
import { GuardedSender } from './guarded-sender.ts'
import { ValveNode } from './node.ts'
import { StallWatch } from './stall.ts'
import type { Holder, ValveEvent, ValveOptions } from './types.ts'
import { invalidAuthority } from './valve-errors.ts'

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

  /** The same sender, whose sends wait under pressure. `close` and permits that are held already pass. `from` names the valve of the party that sends, where several feed this one. */
  guard<T>(sender: Sender<T>, options?: { from?: Valve }): Sender<T> {
    if (sender === null || typeof sender !== 'object' || typeof sender.trySend !== 'function') {
      throw invalidOption('sender', 'a sender', sender)
    }
    const from = options?.from === undefined ? undefined : Valve.#nodeOf(options.from, 'from')
    return new GuardedSender(sender, this.#node, from, this.#stalls)
  }

  /** The party of this valve sends to the one of that: pressure there is pressure here. */
  feeds(downstream: Valve): this {
    const below = Valve.#nodeOf(downstream, 'downstream')
    this.#node.downstream.add(below)
    below.upstream.add(this.#node)
    this.#node.spread()
    return this
  }

  /** What happens from now on. */
  events(options?: EventsOptions): AsyncIterable<ValveEvent | Lagged> {
    return this.#node.events.listen(options)
  }

  /** Who holds it closed, in the valves below too. */
  holders(): readonly Holder[] {
    const now = performance.now()
    return [...this.#node.reach('downstream')].flatMap(({ holds }) =>
      Array.from(holds, ({ reason, since }) => ({ reason, heldMs: now - since })),
    )
  }

  metrics(): ValveMetrics {
    const { name, holds, closedMs, waits, downstream } = this.#node
    const feeds = Array.from(downstream, ({ title }) => title)
    return { kind: 'valve', name, leases: holds.size, appliedMs: closedMs, mutedSenders: waits.size, feeds }
  }

  /** This valve and all that are connected to it, for graphviz: closed ones filled, with their reasons. */
  dot(): string {
    const connected = new Set<ValveNode>([this.#node])
    for (const node of connected) for (const next of [...node.upstream, ...node.downstream]) connected.add(next)
    const lines = [...connected].flatMap(node => {
      const reasons = Array.from(node.holds, ({ reason }) => reason)
      const label = JSON.stringify(
        [node.title, ...reasons, ...(node.waits.size > 0 ? [`${node.waits.size} wait`] : [])].join('\n'),
      )
      const own = `  v${node.id} [label=${label}${node.isClosed ? ', style=filled' : ''}]`
      return [own, ...Array.from(node.downstream, below => `  v${node.id} -> v${below.id}`)]
    })
    return `digraph valves {\n${lines.join('\n')}\n}\n`
  }
}
