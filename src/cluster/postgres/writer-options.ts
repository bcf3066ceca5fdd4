// The options of the writer: their checks, and every default, once.
import { invalidOption } from '../../errors.ts'
import type { WriteItem } from '../../pipeline/index.ts'
import type { PostgresClient } from './client.ts'
import { insertRows, type PostgresRow } from './rows.ts'
import { inSql, tableName, type TableName } from './table-name.ts'

/** Where rows go, and how many are under way. */
export interface PostgresConnectionOptions {
  /** As `pg` takes it: `postgres://user:password@host:5432/database?…`. */
  connectionString: string
  /** Part of the marks' key: under another name everything is new. The table's name by default, or 'postgres'. */
  name?: string
  /** Outputs under way: 1024 by default. */
  capacity?: number
  /** Outputs in one transaction: 256 by default. */
  maxBatch?: number
  /** In ms: a transaction that takes longer is given up together with its connection. 60000 by default. */
  timeout?: number
  /** The table of the marks, made when it is missing: `sluicegate_marks` by default. */
  marks?: string
}

/** Rows into one table. */
export interface PostgresTableOptions<O> extends PostgresConnectionOptions {
  /** `name` or `schema.name`, taken literally. */
  table: string
  /** Gives the row of an output by its columns, or none. */
  toRow: (item: WriteItem<O>, processor: string) => PostgresRow | undefined
  write?: never
}

/** Statements of your own. */
export interface PostgresStatementOptions<O> extends PostgresConnectionOptions {
  /**
   * Runs inside the transaction and ends it neither way. Called with all outputs of a batch that are new, and after a failure once more with each
   * by itself.
   */
  write: (client: PostgresClient, items: readonly WriteItem<O>[], processor: string) => Promise<unknown>
  table?: never
  toRow?: never
}

/** Either a table and `toRow`, or `write`. */
export type PostgresWriterOptions<O> = PostgresTableOptions<O> | PostgresStatementOptions<O>

export interface WriterSettings<O> {
  readonly connectionString: string
  readonly name: string
  readonly capacity: number
  readonly maxBatch: number
  readonly timeout: number
  readonly marks: TableName
  readonly write: PostgresStatementOptions<O>['write']
}

export function writerSettings<O>(options: PostgresWriterOptions<O>): WriterSettings<O> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { connectionString, table, name = table ?? 'postgres', capacity = 1024, timeout = 60_000, marks } = options
  const { maxBatch = Math.min(256, capacity) } = options
  checkConnectionString(connectionString)
  if (typeof name !== 'string' || name === '') throw invalidOption('name', 'a string that is not empty', name)
  checkCount('capacity', capacity)
  checkCount('maxBatch', maxBatch)
  if (!(typeof timeout === 'number' && timeout > 0)) throw invalidOption('timeout', 'a number of ms above 0', timeout)
  return {
    connectionString,
    name,
    capacity,
    maxBatch,
    timeout,
    marks: tableName('marks', marks ?? 'sluicegate_marks'),
    write: writeOf(options),
  }
}

export function checkConnectionString(value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  // Not shown: it may hold a password.
  throw invalidOption('connectionString', 'a string that is not empty', typeof value === 'string' ? '' : typeof value)
}

function writeOf<O>({ table, toRow, write }: PostgresWriterOptions<O>): PostgresStatementOptions<O>['write'] {
  if (table === undefined) {
    if (typeof write !== 'function') throw invalidOption('write', 'a function, where no table is given', write)
    return write
  }
  if (write !== undefined) throw invalidOption('write', 'left out beside a table', write)
  if (typeof toRow !== 'function') throw invalidOption('toRow', 'a function', toRow)
  const into = inSql(tableName('table', table))
  return async (client, items, processor) => {
    const rows = items.map(item => toRow(item, processor)).filter(row => row !== undefined && row !== null)
    await insertRows(client, into, rows)
  }
}

function checkCount(option: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 1)) throw invalidOption(option, 'a positive integer', value)
}
