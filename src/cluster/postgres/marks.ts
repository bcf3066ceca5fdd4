// Up to where the rows of each processor are written: kept in the transaction that writes them. Whose rows these are is the writer's matter.
//
// One mark for each processor is enough, because its outputs arrive in the order of (sequence, index), are written in that order, and nothing
// is written behind an output that failed: all up to the mark is there, or was given up, and nothing behind it is. So the table doesn't grow.
import { SluiceError } from '../../errors.ts'
import type { WriteBatch, WriteItem } from '../../pipeline/index.ts'
import type { PostgresClient } from './client.ts'
import { createMissing } from './creation.ts'
import { inSql, type TableName } from './table-name.ts'

/** The last output that is written. */
export interface Mark {
  readonly sequence: number
  readonly index: number
}

interface MarkRow {
  readonly epoch: string
  readonly owner: string
  readonly sequence: string
  readonly index: string
}

export class Marks {
  readonly #writer: string
  readonly #table: string

  constructor(writer: string, table: TableName) {
    this.#writer = writer
    this.#table = inSql(table)
  }

  async create(client: PostgresClient): Promise<void> {
    const columns = `writer text, processor text, epoch bigint NOT NULL, owner uuid NOT NULL, sequence bigint NOT NULL, index bigint NOT NULL,
      PRIMARY KEY (writer, processor)`
    await createMissing(client, [this.#table], [`CREATE TABLE IF NOT EXISTS ${this.#table} (${columns})`])
  }

  /**
   * Nobody else writes this processor's rows until the transaction ends. `owner` is who writes in this epoch: an epoch that is not new and is
   * somebody else's belongs to another series of events, whose numbers mean something else.
   */
  async lock(client: PostgresClient, batch: WriteBatch<unknown>, owner: string): Promise<Mark> {
    const { processor, epoch } = batch
    const row = await this.#find(client, processor)
    // Unless somebody was quicker, then theirs is found.
    if (row === undefined) return (await this.#begin(client, batch, owner)) ?? (await this.lock(client, batch, owner))
    const current = Number(row.epoch)
    if (current > epoch || (current === epoch && row.owner !== owner)) throw fencedWrite(processor, epoch, current)
    return { sequence: Number(row.sequence), index: Number(row.index) }
  }

  /** Sets the mark of a processor that is locked. In a transaction of which a statement failed it fails too, whoever swallowed that. */
  async move(
    client: PostgresClient,
    { processor, epoch }: WriteBatch<unknown>,
    owner: string,
    to: Mark,
  ): Promise<void> {
    const values = [this.#writer, processor, epoch, owner, to.sequence, to.index]
    const set = 'epoch = $3, owner = $4, sequence = $5, index = $6'
    await client.query(`UPDATE ${this.#table} SET ${set} WHERE writer = $1 AND processor = $2`, values)
  }

  async #begin(
    client: PostgresClient,
    { processor, epoch }: WriteBatch<unknown>,
    owner: string,
  ): Promise<Mark | undefined> {
    const insert = `INSERT INTO ${this.#table} VALUES ($1, $2, $3, $4, 0, -1) ON CONFLICT DO NOTHING`
    const { rowCount } = await client.query(insert, [this.#writer, processor, epoch, owner])
    return rowCount === 1 ? { sequence: 0, index: -1 } : undefined
  }

  async #find(client: PostgresClient, processor: string): Promise<MarkRow | undefined> {
    const found = `SELECT epoch, owner, sequence, index FROM ${this.#table} WHERE writer = $1 AND processor = $2 FOR UPDATE`
    const { rows } = await client.query<MarkRow>(found, [this.#writer, processor])
    return rows[0]
  }
}

export function isBehind(mark: Mark, { sequence, index }: WriteItem<unknown>): boolean {
  return sequence > mark.sequence || (sequence === mark.sequence && index > mark.index)
}

function fencedWrite(processor: string, epoch: number, current: number): SluiceError {
  const whose =
    epoch === current ? `another pipeline writes the rows of ${processor} in` : `the rows of ${processor} are in`
  return new SluiceError('ERR_SEQUENCE_FENCED', `Nothing is written in epoch ${epoch}: ${whose} epoch ${current}`)
}
