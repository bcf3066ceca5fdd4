// What a writer holds of one epoch of one processor. It only checks and passes on.
import { invalidOption } from '../errors.ts'
import type { Nack, WriterLink } from './types.ts'

export interface LinkOwner {
  granted(total: number): void
  acknowledged(sequence: number, index: number): void
  refused(nack: Nack): void
}

export class Link implements WriterLink {
  readonly epoch: number
  readonly #owner: LinkOwner

  constructor(epoch: number, owner: LinkOwner) {
    this.epoch = epoch
    this.#owner = owner
  }

  grant(total: number): void {
    if (!(typeof total === 'number' && total >= 0)) throw invalidOption('total', 'a number of outputs', total)
    this.#owner.granted(total)
  }

  ack(sequence: number, index?: number): void {
    if (!Number.isSafeInteger(sequence)) throw invalidOption('sequence', 'an integer', sequence)
    if (index !== undefined && !Number.isSafeInteger(index)) throw invalidOption('index', 'an integer', index)
    this.#owner.acknowledged(sequence, index ?? Infinity)
  }

  nack(nack: Nack): void {
    checkNack(nack)
    this.#owner.refused(nack)
  }
}

/** Throws ERR_INVALID_OPTION for what names no output. */
export function checkNack(nack: Nack): void {
  if (nack === null || typeof nack !== 'object') throw invalidOption('nack', 'an object', nack)
  const { sequence, index, retryAfter } = nack
  if (!Number.isSafeInteger(sequence)) throw invalidOption('nack.sequence', 'an integer', sequence)
  if (!Number.isSafeInteger(index)) throw invalidOption('nack.index', 'an integer', index)
  if (retryAfter !== undefined && !(typeof retryAfter === 'number' && retryAfter >= 0 && retryAfter < 2 ** 31)) {
    throw invalidOption('nack.retryAfter', 'a number of ms that is not negative', retryAfter)
  }
}
