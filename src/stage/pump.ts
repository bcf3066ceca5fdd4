// Moves events from an origin to an outlet, as many as are wanted there and no sooner.
import { schedule, type Task } from './agenda.ts'
import { LARGEST_PULL } from './limits.ts'
import { isThenable, type Origin, type Pulled } from './origins/index.ts'
import type { Outlet } from './outlet.ts'

export class Pump<O> implements Task {
  isScheduled = false
  readonly #origin: Origin<O>
  readonly #outlet: Outlet<O>
  readonly #onEnd: (failure?: { readonly error: unknown }) => void
  #isPulling = false
  #isStopping = false
  #closing: Promise<void> | undefined
  #isOver = false
  // What was wanted when a patient origin gave too few: it is asked again for more than that, or when it was poked.
  #starvedAt: number | undefined
  #wasPoked = false
  #asked = 0
  #wanted = 0

  constructor(origin: Origin<O>, outlet: Outlet<O>, onEnd: (failure?: { readonly error: unknown }) => void) {
    this.#origin = origin
    this.#outlet = outlet
    this.#onEnd = onEnd
  }

  /** There may be more to get, though it gave too few. */
  poke(): void {
    this.#wasPoked = true
    this.run()
  }

  /** Asks for nothing more. What is being pulled is still given. Fulfils when the origin is closed. */
  async stop(): Promise<void> {
    if (!this.#isOver && !this.#isStopping) {
      this.#isStopping = true
      this.#closing = this.#close()
    }
    await this.#closing
  }

  async #close(): Promise<void> {
    try {
      this.#outlet.emit(await this.#origin.close(late => this.#outlet.emit(late, true)), true)
      if (!this.#isPulling) this.#end()
    } catch (error) {
      this.#end({ error })
    }
  }

  /** Each demand is answered when it comes, so that asks in a row don't become one. What is left is done in steps. */
  run(): void {
    if (this.#isPulling || this.#isOver || this.#isStopping) return
    const { unmet } = this.#outlet
    const isStarved = this.#starvedAt !== undefined && unmet <= this.#starvedAt && !this.#wasPoked
    const budget = isStarved ? 0 : this.#outlet.budget
    if (budget <= 0) return
    this.#wasPoked = false
    this.#starvedAt = undefined
    this.#wanted = unmet
    this.#asked = this.#origin.isPatient ? budget : Math.min(budget, LARGEST_PULL)
    // Whoever is called back may wake this again.
    this.#isPulling = true
    try {
      const pulled = this.#origin.pull(this.#asked)
      if (isThenable(pulled)) pulled.then(this.#took, this.#failed)
      else this.#took(pulled)
    } catch (error) {
      this.#failed(error)
    }
  }

  readonly #took = (events: Pulled<O>): void => {
    // Demand that comes of what is given is answered in the next step, else a subscriber that turns everything down would never let go.
    if (events !== null) this.#give(events)
    this.#isPulling = false
    if (this.#isOver) return
    if (events === null || this.#isStopping) return this.#end()
    if (this.#origin.isPatient && events.length < this.#asked) this.#starvedAt = this.#wanted - events.length
    schedule(this)
  }

  readonly #failed = (error: unknown): void => {
    this.#isPulling = false
    // Who gave up because it was told to has not failed.
    if (this.#isStopping && isAbort(error)) this.#end()
    else this.#end({ error })
  }

  #give(events: readonly O[]): void {
    const isMore = events.length > this.#asked
    this.#outlet.emit(isMore ? events.slice(0, this.#asked) : events, true)
    if (isMore) this.#outlet.emit(events.slice(this.#asked), false)
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd(failure)
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || ('code' in error && error.code === 'ABORT_ERR'))
}
