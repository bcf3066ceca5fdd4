// The tables of a log and the statements on them. Connections are not its matter.
//
// The head is one row, which an append locks by counting it up. So appends come one after the other, commit in the order of their numbers,
// and leave no gap when they fail; and who sees an event sees all before it. An append is a single statement, so the lock is never held
// while the server waits for somebody.
import { createHash } from 'node:crypto'
import { SluiceError } from '../../errors.ts'
import type { PostgresClient } from './client.ts'
import { createMissing } from './creation.ts'
import { inSql, type TableName } from './table-name.ts'

/** What is added to the name of a log's table; the longest is the room they need. */
const HEAD = '_head'
const CURSORS = '_cursors'
export const ROOM: number = CURSORS.length

/** Rows looked at for one page. */
const PAGE = 1000

export interface Statements {
  /** The number of the last, or no row. Values: bytes, starts, lengths, epoch or null, expected end or null. */
  readonly append: string
  readonly head: string
  /** The oldest event, or the next one. */
  readonly first: string
  readonly cursor: string
  readonly commit: string
  readonly acquire: string
  readonly listen: string
  /** Rows of (last of the log, sequence, payload), at least one. */
  page(from: number, maxBytes: number): string
}

/** Makes what is missing, and finds out where the tables are, so that later connections see the same ones. */
export async function logStatements(client: PostgresClient, table: TableName): Promise<Statements> {
  const [events, head, cursors] = [inSql(table), inSql(table, HEAD), inSql(table, CURSORS)]
  await createMissing(
    client,
    [events, head, cursors],
    [
      `CREATE TABLE IF NOT EXISTS ${events} (sequence bigint PRIMARY KEY, payload bytea NOT NULL)`,
      `CREATE TABLE IF NOT EXISTS ${head} (one boolean PRIMARY KEY DEFAULT true CHECK (one), last bigint NOT NULL, epoch bigint NOT NULL)`,
      `CREATE TABLE IF NOT EXISTS ${cursors} (processor text PRIMARY KEY, sequence bigint NOT NULL, epoch bigint NOT NULL, fresh boolean NOT NULL)`,
      `INSERT INTO ${head} (last, epoch) SELECT coalesce(max(sequence), 0), 0 FROM ${events} ON CONFLICT DO NOTHING`,
    ],
  )
  const { rows } = await client.query<{ schema: string }>(
    'SELECT nspname::text AS schema FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = to_regclass($1)',
    [events],
  )
  const schema = rows[0]?.schema
  if (schema === undefined) throw new SluiceError('ERR_INVALID_OPTION', `\`table\`: ${events} is nowhere to be found`)
  return statementsOf({ schema, name: table.name })
}

function statementsOf(table: TableName): Statements {
  const [events, head, cursors] = [inSql(table), inSql(table, HEAD), inSql(table, CURSORS)]
  // A channel belongs to the whole database, and its name is no longer than others.
  const channel = `sluicegate_${createHash('sha1').update(inSql(table)).digest('hex')}`
  return {
    append: `WITH moved AS (
        UPDATE ${head} SET last = last + cardinality($2::int[]), epoch = greatest(epoch, $4::bigint)
        WHERE ($4::bigint IS NULL OR epoch <= $4) AND ($5::bigint IS NULL OR last = $5) RETURNING last
      ), added AS (
        INSERT INTO ${events} (sequence, payload)
        SELECT moved.last - cardinality($2) + number, substring($1::bytea FROM first FOR length)
        FROM moved, unnest($2::int[], $3::int[]) WITH ORDINALITY AS part (first, length, number)
      ) SELECT last, pg_notify('${channel}', '') FROM moved`,
    head: `SELECT last, epoch FROM ${head}`,
    first: `SELECT coalesce((SELECT min(sequence) FROM ${events}), last + 1) AS first FROM ${head}`,
    cursor: `SELECT sequence, epoch FROM ${cursors} WHERE processor = $1`,
    // The first commit of an epoch may go back, for that is what a rewind does. After it a late one must not.
    commit: `UPDATE ${cursors} SET sequence = CASE WHEN fresh THEN $2 ELSE greatest(sequence, $2) END, fresh = false
      WHERE processor = $1 AND epoch = $3`,
    acquire: `INSERT INTO ${cursors} AS known VALUES ($1, 0, 1, true)
      ON CONFLICT (processor) DO UPDATE SET epoch = known.epoch + 1, fresh = true RETURNING epoch`,
    listen: `LISTEN ${channel}`,
    // The sizes are known without the payloads, so no more of these is fetched than fits.
    page: (from, maxBytes) => `SELECT last, page.sequence, page.payload FROM ${head} LEFT JOIN (
        SELECT sequence, payload FROM (
          SELECT sequence, payload, row_number() OVER so_far AS number, sum(octet_length(payload)) OVER so_far AS bytes
          FROM ${events} WHERE sequence >= ${from}
          WINDOW so_far AS (ORDER BY sequence ROWS UNBOUNDED PRECEDING) ORDER BY sequence LIMIT ${PAGE}
        ) AS near WHERE number = 1 OR bytes <= ${maxBytes}
      ) AS page ON true ORDER BY page.sequence`,
  }
}
