// Rows given as objects, put into a table with as few statements as their columns allow.
import { invalidOption } from '../../errors.ts'
import type { PostgresClient } from './client.ts'
import { quoted } from './table-name.ts'

/** A row: names of columns and their values. A column that is left out gets its default. */
export type PostgresRow = Readonly<Record<string, unknown>>

/** The protocol counts parameters with 16 bits. */
const MOST_PARAMETERS = 65_535

/** In the order given, as the table's triggers see it. `table` is quoted. */
export async function insertRows(client: PostgresClient, table: string, rows: readonly PostgresRow[]): Promise<void> {
  for (let at = 0; at < rows.length;) {
    const columns = columnsOf(rows[at])
    const most = at + Math.max(1, Math.floor(MOST_PARAMETERS / Math.max(1, columns.length)))
    let end = at + 1
    while (end < rows.length && end < most && hasColumns(rows[end], columns)) end += 1
    await insert(client, table, columns, rows.slice(at, end))
    at = end
  }
}

async function insert(
  client: PostgresClient,
  table: string,
  columns: readonly string[],
  rows: readonly PostgresRow[],
): Promise<void> {
  const values: unknown[] = []
  const tuples = rows.map(row => {
    const places = columns.map(column => {
      // `undefined` means the same as null to the client, and a hole in the row to a reader.
      values.push(row[column] ?? null)
      return `$${values.length}`
    })
    return `(${places.join(', ')})`
  })
  await client.query(`INSERT INTO ${table} (${columns.map(quoted).join(', ')}) VALUES ${tuples.join(', ')}`, values)
}

function columnsOf(row: PostgresRow | undefined): string[] {
  const columns = row === null || typeof row !== 'object' ? [] : Object.keys(row)
  if (columns.length === 0) throw invalidOption('toRow', 'a function that gives objects with columns', row)
  return columns
}

function hasColumns(row: PostgresRow | undefined, columns: readonly string[]): boolean {
  const own = columnsOf(row)
  return own.length === columns.length && columns.every(column => own.includes(column))
}
