// A promise that is settled from outside, and that nobody has to listen to.

export class Deferred<T> {
  readonly promise: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Held as a property, so ignoring it must not raise unhandledRejection.
    this.promise.catch(() => {})
  }
}
