// One listener on a signal for all that wait for its abort, however many: Node warns of more than ten, and walks the list of them at
// each new one. What another listener does with the event does not keep the abort from them.
import { addAbortListener } from 'node:events'
import { Waiting, WaitingList } from './waiting.ts'

/** Called once, as an event listener would be. */
export interface OnAbort {
  handleEvent(): void
}

/** One that is told of an abort until it is removed. */
export class AbortListener extends Waiting<AbortListener> {
  readonly #watch: Watch
  readonly target: OnAbort

  constructor(watch: Watch, target: OnAbort) {
    super()
    this.#watch = watch
    this.target = target
  }

  /** Does nothing the second time, and after the abort. */
  remove(): void {
    this.#watch.remove(this)
  }
}

class Watch {
  readonly #line = new WaitingList<AbortListener>()
  #listener: Disposable | undefined

  add(signal: AbortSignal, target: OnAbort): AbortListener {
    const added = new AbortListener(this, target)
    this.#listener ??= addAbortListener(signal, () => this.#aborted())
    this.#line.append(added)
    return added
  }

  remove(listener: AbortListener): void {
    this.#line.remove(listener)
    if (this.#line.length === 0) this.#stop()
  }

  #aborted(): void {
    this.#stop()
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) next.target.handleEvent()
  }

  #stop(): void {
    this.#listener?.[Symbol.dispose]()
    this.#listener = undefined
  }
}

const watches = new WeakMap<AbortSignal, Watch>()

/** Tells of the abort of a signal that is not aborted yet, in the order of the calls. */
export function onAbort(signal: AbortSignal, target: OnAbort): AbortListener {
  let watch = watches.get(signal)
  if (watch === undefined) watches.set(signal, (watch = new Watch()))
  return watch.add(signal, target)
}
