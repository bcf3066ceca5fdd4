// How far each processor is, and in which epoch: one message for each, replaced only by who has seen the one before.
import { fenced } from '../cluster-errors.ts'
import type { Connection } from './connection.ts'
import type { Names } from './names.ts'
import { isWrongLast } from './refusals.ts'

interface Cursor {
  readonly sequence: number
  readonly epoch: number
  /** Nothing was committed in this epoch: its first commit may go back. */
  readonly isFresh: boolean
}

const NONE: Cursor = { sequence: 0, epoch: 0, isFresh: true }

export class Cursors {
  readonly #connection: Connection
  readonly #names: Names

  constructor(connection: Connection, names: Names) {
    this.#connection = connection
    this.#names = names
  }

  async read(processor: string): Promise<{ sequence: number; epoch: number }> {
    const { cursor } = await this.#connection.call('Reading a cursor', () => this.#find(processor))
    return { sequence: cursor.sequence, epoch: cursor.epoch }
  }

  /** Safe to repeat: what is committed already stays so. */
  async commit(processor: string, sequence: number, epoch: number): Promise<void> {
    await this.#change(processor, cursor => {
      if (cursor.epoch !== epoch) throw fenced(processor, epoch, cursor.epoch)
      return cursor.isFresh || sequence > cursor.sequence ? { sequence, epoch, isFresh: false } : cursor
    })
  }

  /** A repetition takes one epoch more, and nobody has the one in between. */
  async acquire(processor: string): Promise<number> {
    const { epoch } = await this.#change(processor, cursor => ({ ...cursor, epoch: cursor.epoch + 1, isFresh: true }))
    return epoch
  }

  async #change(processor: string, change: (cursor: Cursor) => Cursor): Promise<Cursor> {
    return await this.#connection.call('Moving a cursor', async attempt => {
      for (;;) {
        const { cursor, at } = await this.#find(processor)
        const next = change(cursor)
        if (next === cursor) return next
        try {
          const expect = { lastSubjectSequence: at }
          await this.#connection.js.publish(this.#names.cursorOf(processor), JSON.stringify(next), { expect })
          return next
        } catch (error) {
          // Each time somebody else has moved on, so this ends. What is given up must not fence off the one that took over.
          if (!isWrongLast(error) || attempt.isGivenUp) throw error
        }
      }
    })
  }

  async #find(processor: string): Promise<{ readonly cursor: Cursor; readonly at: number }> {
    const { cursors } = this.#names
    const query = { last_by_subj: this.#names.cursorOf(processor) }
    const message = await this.#connection.manager.streams.getMessage(cursors, query)
    return message === null ? { cursor: NONE, at: 0 } : { cursor: message.json<Cursor>(), at: message.seq }
  }
}
