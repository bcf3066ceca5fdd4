// Who waits until a processor has published up to some event.
import { timeoutError } from '../errors.ts'
import { Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'

interface Wait {
  readonly target: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  guard: Guard | undefined
}

export class CaughtUp {
  readonly #waits = new Set<Wait>()

  until(target: number, published: number, options: WaitOptions | undefined): Promise<void> {
    if (published >= target) return Promise.resolve()
    if (triesOnce(options)) return rejected(timeoutError('caughtUp', 0))
    return new Promise((resolve, reject) => {
      const wait: Wait = { target, resolve, reject, guard: undefined }
      this.#waits.add(wait)
      wait.guard = Guard.of(options, 'caughtUp', error => {
        this.#waits.delete(wait)
        reject(error)
      })
    })
  }

  reached(published: number): void {
    if (this.#waits.size === 0) return
    for (const wait of this.#waits) {
      if (wait.target > published) continue
      this.#waits.delete(wait)
      wait.guard?.disarm()
      wait.resolve()
    }
  }

  fail(error: unknown): void {
    const waits = [...this.#waits]
    this.#waits.clear()
    for (const { guard, reject } of waits) {
      guard?.disarm()
      reject(error)
    }
  }
}
