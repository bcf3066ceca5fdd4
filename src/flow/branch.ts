// What one of several flows over the same values begins with. It holds one value at most.
import type { ChannelMetrics } from '../channel/index.ts'
import { Edge } from './edge.ts'
import { NOTHING, Step, type Failure, type Pulled } from './step.ts'

/** What a branch needs of its hub. */
export interface BranchHub {
  readonly step: Step<unknown>
  readonly name: string
  readonly isOver: boolean
  readonly failure: Failure | undefined
  begin(): void
  pump(): void
  left(): Promise<void>
}

export class Branch<T> extends Step<T> {
  hasLeft = false
  readonly #hub: BranchHub
  #value: T | typeof NOTHING = NOTHING
  #isWaking = false

  constructor(hub: BranchHub, name: string) {
    super(undefined, new Edge(name, 1))
    this.#hub = hub
    // What runs before the branches is a run of its own.
    this.flowName = hub.step.flowName === '' ? '' : name
  }

  get isFull(): boolean {
    return this.#value !== NOTHING
  }

  get isAsking(): boolean {
    return this.isAwaited && !this.isFull && !this.hasLeft
  }

  override claim(): void {
    super.claim()
    this.#hub.begin()
  }

  override pull(): Pulled<T> {
    if (this.isStopped) return this.end()
    if (!this.isFull) {
      this.isAwaited = true
      this.#hub.pump()
    }
    const value = this.#value
    if (value !== NOTHING) {
      this.isAwaited = false
      this.#value = NOTHING
      this.edge.leave()
      return value
    }
    if (!this.#hub.isOver) return NOTHING
    this.#tellFailure()
    return this.end()
  }

  override ahead(): void {
    if (this.isFull || this.isStopped) return
    this.isAwaited = true
    this.#hub.pump()
  }

  /** It is not full. */
  give(value: T): void {
    this.#value = value
    this.edge.enter()
    this.#wakeSoon()
  }

  /** The hub gives no more. */
  over(): void {
    if (this.#hub.failure === undefined) this.#wakeSoon()
    else this.#tellFailure()
  }

  override metrics(reader: string = this.consumer): ChannelMetrics[] {
    return [...this.#hub.step.metrics(this.#hub.name), ...super.metrics(reader)]
  }

  protected override async quiet(): Promise<void> {
    this.hasLeft = true
    this.#value = NOTHING
    await this.#hub.left()
  }

  /** Never at once: somebody is being served just now. */
  #wakeSoon(): void {
    if (this.#isWaking || !this.isAwaited) return
    this.#isWaking = true
    queueMicrotask(this.#wake)
  }

  readonly #wake = (): void => {
    this.#isWaking = false
    this.notify()
  }

  #tellFailure(): void {
    const { failure } = this.#hub
    if (failure !== undefined) this.run.fail(failure.error)
  }
}
