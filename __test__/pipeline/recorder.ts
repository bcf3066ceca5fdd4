// A writer that keeps what it gets, and answers when the test says so.

import type { Nack, WriteBatch, WriteItem, Writer, WriterLink } from '../../index.ts'
import { deferred, type Deferred } from '../helpers/deferred.ts'

export interface Call<O> {
  readonly batch: WriteBatch<O>
  readonly link: WriterLink
  readonly answer: Deferred<void | Nack>
}

export interface RecorderOptions<O> {
  readonly name?: string
  readonly capacity?: number
  readonly maxBatch?: number
  /** Answers at once, by this; without it the test answers each call. */
  readonly onWrite?: ((batch: WriteBatch<O>, link: WriterLink) => void | Nack | Promise<void | Nack>) | undefined
}

export class Recorder<O> implements Writer<O> {
  readonly name: string
  readonly capacity: number
  readonly maxBatch?: number
  readonly calls: Call<O>[] = []
  readonly items: WriteItem<O>[] = []
  readonly resets: [epoch: number, from: number][] = []
  readonly #onWrite: RecorderOptions<O>['onWrite']

  constructor({ name = 'recorder', capacity = 16, maxBatch, onWrite }: RecorderOptions<O> = {}) {
    this.name = name
    this.capacity = capacity
    if (maxBatch !== undefined) this.maxBatch = maxBatch
    this.#onWrite = onWrite
  }

  /** Takes everything at once. */
  static eager<O>(options: Omit<RecorderOptions<O>, 'onWrite'> = {}): Recorder<O> {
    return new Recorder<O>({ ...options, onWrite: () => undefined })
  }

  async write(batch: WriteBatch<O>, link: WriterLink): Promise<void | Nack> {
    const answer = deferred<void | Nack>()
    this.calls.push({ batch, link, answer })
    for (const item of batch.items) this.items.push(item)
    return this.#onWrite === undefined ? await answer.promise : await this.#onWrite(batch, link)
  }

  async reset(epoch: number, from: number): Promise<void> {
    this.resets.push([epoch, from])
  }

  get values(): O[] {
    return this.items.map(({ value }) => value)
  }

  /** Where each output stands: `sequence.index`. */
  get places(): string[] {
    return this.items.map(({ sequence, index }) => `${sequence}.${index}`)
  }

  get last(): Call<O> {
    const call = this.calls.at(-1)
    if (call === undefined) throw new Error('nothing was written')
    return call
  }

  /** Ends the n-th call, from 0. */
  settle(n: number, answer?: Nack): void {
    this.calls[n]?.answer.resolve(answer)
  }

  fail(n: number, error: unknown): void {
    this.calls[n]?.answer.reject(error)
  }
}
