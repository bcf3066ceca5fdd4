// The writers of a pipeline, by name. One that came with its processor goes with the last that uses it.
import { invalidOption } from '../errors.ts'
import { checkWriter } from './options.ts'
import { Turns } from './turns.ts'
import type { Writer } from './types.ts'

export interface Destination {
  readonly writer: Writer<never>
  readonly turns: Turns
  users: number
  readonly stays: boolean
}

export class Writers {
  readonly #byName = new Map<string, Destination>()

  add(writer: Writer<never>): void {
    checkWriter(writer)
    if (this.#byName.has(writer.name))
      throw invalidOption('writer.name', 'a name that no other writer has', writer.name)
    this.#create(writer, true)
  }

  /** For one more processor. */
  use(writer: Writer<never> | string): Destination {
    if (typeof writer !== 'string') checkWriter(writer)
    const name = typeof writer === 'string' ? writer : writer.name
    const known = this.#byName.get(name)
    if (known === undefined && typeof writer === 'string') {
      throw invalidOption('writer', 'a writer, or the name of one that addWriter was given', writer)
    }
    if (known !== undefined && typeof writer !== 'string' && known.writer !== writer) {
      throw invalidOption('writer.name', 'a name that no other writer has', name)
    }
    const destination = known ?? this.#create(writer as Writer<never>, false)
    destination.users += 1
    return destination
  }

  leave(destination: Destination): void {
    destination.users -= 1
    if (destination.users === 0 && !destination.stays) this.#byName.delete(destination.writer.name)
  }

  #create(writer: Writer<never>, stays: boolean): Destination {
    const turns = new Turns(writer.capacity, Math.min(writer.maxBatch ?? Infinity, writer.capacity))
    const destination = { writer, turns, users: 0, stays }
    this.#byName.set(writer.name, destination)
    return destination
  }
}
