// Workers that take part in what threads share: see fixtures/shared-worker.ts for their roles.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Errand } from '../fixtures/shared-worker.ts'

export class ErrandWorker implements AsyncDisposable {
  readonly #worker: Worker
  readonly #messages: unknown[] = []
  #wake: (() => void) | undefined
  #failure: Error | undefined

  constructor(errand: Errand) {
    this.#worker = new Worker(new URL('../fixtures/shared-worker.ts', import.meta.url), { workerData: errand })
    this.#worker.on('message', message => {
      this.#messages.push(message)
      this.#wake?.()
    })
    this.#worker.on('error', error => {
      this.#failure = error as Error
      this.#wake?.()
    })
  }

  /** What it posted, in order. */
  async message<T = unknown>(): Promise<T> {
    while (this.#messages.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    return this.#messages.shift() as T
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  get exited(): Promise<unknown> {
    return once(this.#worker, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }
}

/** A worker whose waits are parked. */
export async function parked(errand: Errand): Promise<ErrandWorker> {
  const worker = new ErrandWorker(errand)
  const said = await worker.message()
  if (said !== 'ready') throw new Error(`${errand.role} said ${String(said)}`)
  return worker
}
