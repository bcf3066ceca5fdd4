// Tables of a test in a server that many tests share, and what it takes to write into them.

import type { Postgres } from '../helpers/postgres.ts'
import type { Nack, WriteBatch, WriteItem, WriterLink } from '../../index.ts'

let count = 0

/** A name that no other table of this server has. */
export function freshName(): string {
  return `t${++count}`
}

/** One line for each row, in the order of the first column. */
export async function rowsOf(postgres: Postgres, table: string, columns = '*'): Promise<string[]> {
  const { stdout } = await postgres.psql(`SELECT ${columns} FROM "${table}" ORDER BY 1`).run()
  return stdout === '' ? [] : stdout.split('\n')
}

/** A link that keeps what it is told. */
export class HeardLink implements WriterLink {
  readonly epoch: number
  readonly acks: string[] = []
  readonly nacks: Nack[] = []
  readonly #onNack: () => void

  constructor(epoch = 1, onNack: () => void = () => {}) {
    this.epoch = epoch
    this.#onNack = onNack
  }

  grant(): void {}

  ack(sequence: number, index?: number): void {
    this.acks.push(`${sequence}.${index}`)
  }

  nack(nack: Nack): void {
    this.nacks.push(nack)
    this.#onNack()
  }
}

/** Outputs with their numbers as values: the first of each sequence, and the only one. */
export function batchOf(sequences: readonly number[], epoch = 1, processor = 'p'): WriteBatch<number> {
  const items = sequences.map((sequence): WriteItem<number> => ({ sequence, index: 0, last: true, value: sequence }))
  return { processor, epoch, items }
}
