// Who wants to be told of a target's end. A target may outlive any number of transfers, so its promise has one reaction for all of them.
import type { Watch } from './sink.ts'

export class Ends<K extends object> {
  readonly #endOf: (target: K) => Promise<unknown>
  readonly #watches = new WeakMap<K, Set<Watch>>()

  /** `endOf` fulfils with the error to tell, and never rejects. */
  constructor(endOf: (target: K) => Promise<unknown>) {
    this.#endOf = endOf
  }

  tell(target: K, watch: Watch): void {
    const known = this.#watches.get(target)
    if (known !== undefined) return void known.add(watch)
    const watches = new Set([watch])
    this.#watches.set(target, watches)
    void this.#endOf(target).then(error => {
      // Who comes later finds it ended, and needs a reaction of its own.
      this.#watches.delete(target)
      // Each by itself, so that one who throws keeps it from no other.
      for (const each of watches) queueMicrotask(() => each.tell(error))
    })
  }

  forget(target: K, watch: Watch): void {
    watch.clear()
    this.#watches.get(target)?.delete(watch)
  }
}
