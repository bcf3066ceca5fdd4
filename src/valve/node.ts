// One valve in the graph: its leases, its neighbours, who waits for it. Whether it is closed follows from the leases below it, so
// nothing has to be undone in any order, and a circle of valves can't hold itself closed.
import { Feed } from '../feed.ts'
import { turn } from '../turn.ts'
import { Waiting, WaitingList } from '../waiting.ts'
import type { Hold } from './lease.ts'
import type { ValveEvent } from './types.ts'

/** A send that waits, and for what. */
export class Wait extends Waiting<Wait> {
  /** Whose send it is, if somebody said so. */
  readonly from: ValveNode | undefined
  /** For room in the channel behind the valve, and not for the valve. */
  readonly isForRoom: boolean
  readonly since: number = performance.now()
  readonly fail: (error: unknown) => void

  constructor(from: ValveNode | undefined, isForRoom: boolean, fail: (error: unknown) => void) {
    super()
    this.from = from
    this.isForRoom = isForRoom
    this.fail = fail
  }
}

let lastId = 0
// Somebody waits for them, and may have nothing else of them.
const awaited = new Set<ValveNode>()

export class ValveNode {
  readonly id: number
  readonly name: string
  readonly throws: boolean
  readonly holds: Set<Hold> = new Set<Hold>()
  readonly downstream: Set<ValveNode> = new Set<ValveNode>()
  readonly #upstream = new Set<WeakRef<ValveNode>>()
  // Those above that live as long as this one.
  readonly #kept = new Set<ValveNode>()
  #isKept = false
  readonly waits: WaitingList<Wait> = new WaitingList<Wait>()
  readonly events: Feed<ValveEvent> = new Feed<ValveEvent>()
  /** Grows with everything that gets on. */
  progress = 0
  isMuted = false
  isClosed = false
  /** How often pressure has begun. */
  closings = 0
  #closedMs = 0
  #closedSince = 0
  // Told in order when it opens.
  readonly #openings = new Set<() => void>()

  constructor(name: string, throws: boolean) {
    lastId += 1
    this.id = lastId
    this.name = name
    this.throws = throws
  }

  get title(): string {
    return this.name === '' ? `valve ${this.id}` : this.name
  }

  get closedMs(): number {
    return this.#closedMs + (this.isClosed ? performance.now() - this.#closedSince : 0)
  }

  /** Those above that somebody still has: many may come and go above one that stays. */
  get upstream(): ValveNode[] {
    const nodes: ValveNode[] = []
    for (const ref of this.#upstream) {
      const node = ref.deref()
      if (node === undefined) this.#upstream.delete(ref)
      else nodes.push(node)
    }
    return nodes
  }

  feed(below: ValveNode): void {
    if (this.downstream.has(below)) return
    this.downstream.add(below)
    below.#upstream.add(new WeakRef(this))
    if (this.#isKept) this.#keepIn(below)
  }

  /** Somebody listens to it, and may have nothing else of it: so it lives as long as what is below it, where its events come from. */
  keep(): void {
    if (this.#isKept) return
    this.#isKept = true
    for (const below of this.downstream) this.#keepIn(below)
  }

  #keepIn(below: ValveNode): void {
    below.#kept.add(this)
    below.keep()
  }

  whenOpen(callback: () => void): void {
    awaited.add(this)
    this.#openings.add(callback)
  }

  forget(callback: () => void): void {
    this.#openings.delete(callback)
    if (this.#openings.size === 0) awaited.delete(this)
  }

  publish(type: ValveEvent['type'], path?: readonly string[]): void {
    const event = { type, at: Date.now(), valve: this.title }
    this.events.publish(path === undefined ? event : { ...event, path })
  }

  /** Whether somebody of the same party waits for the same already. */
  hasWaitLike({ from, isForRoom }: Wait): boolean {
    let { first: wait } = this.waits
    while (wait !== undefined && !(wait.from === from && wait.isForRoom === isForRoom)) wait = wait.after
    return wait !== undefined
  }

  /** This valve and all below it, or above it. */
  reach(direction: 'downstream' | 'upstream'): Set<ValveNode> {
    const found = new Set<ValveNode>([this])
    for (const node of found) for (const next of node[direction]) found.add(next)
    return found
  }

  /** Its leases have changed, or those below: so it is with all above it, the oldest valve first. */
  spread(): void {
    const above = [...this.reach('upstream')].sort((one, other) => one.id - other.id)
    for (const node of above) node.#settle()
  }

  #settle(): void {
    let isMuted = false
    for (const node of this.reach('downstream')) isMuted ||= node !== this && node.holds.size > 0
    const isClosed = isMuted || this.holds.size > 0
    const wasMuted = this.isMuted
    this.isMuted = isMuted
    if (isClosed !== this.isClosed) this.#turn(isClosed)
    if (isMuted !== wasMuted) this.publish(isMuted ? 'muted' : 'unmuted')
  }

  #turn(isClosed: boolean): void {
    this.isClosed = isClosed
    if (isClosed) {
      this.closings += 1
      this.#closedSince = performance.now()
      return
    }
    this.progress += 1
    this.#closedMs += performance.now() - this.#closedSince
    // From the next microtask and on account of the turn budget: whoever released goes on first, and a crowd doesn't wake at once.
    awaited.delete(this)
    const openings = [...this.#openings]
    this.#openings.clear()
    for (const opened of openings) turn.soon(opened, undefined)
  }
}
