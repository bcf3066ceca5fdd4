// Who waits until a processor has published up to some event.
import { timeoutError } from '../errors.ts'
import { Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'
import { Waiting, WaitingList } from '../waiting.ts'

class Wait extends Waiting<Wait> {
  readonly target: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined = undefined

  constructor(target: number, resolve: () => void, reject: (error: unknown) => void) {
    super()
    this.target = target
    this.resolve = resolve
    this.reject = reject
  }
}

export class CaughtUp {
  readonly #waits = new WaitingList<Wait>()

  until(target: number, published: number, options: WaitOptions | undefined): Promise<void> {
    if (published >= target) return Promise.resolve()
    if (triesOnce(options)) return rejected(timeoutError('caughtUp', 0))
    return new Promise((resolve, reject) => {
      const wait = new Wait(target, resolve, reject)
      this.#waits.append(wait)
      wait.guard = Guard.of(options, 'caughtUp', error => {
        this.#waits.remove(wait)
        reject(error)
      })
    })
  }

  reached(published: number): void {
    let next = this.#waits.first
    while (next !== undefined) {
      const wait = next
      next = wait.after
      if (wait.target > published) continue
      this.#waits.remove(wait)
      wait.guard?.disarm()
      wait.resolve()
    }
  }

  fail(error: unknown): void {
    for (let wait = this.#waits.shift(); wait !== undefined; wait = this.#waits.shift()) {
      wait.guard?.disarm()
      wait.reject(error)
    }
  }
}
