// Tables of ours that are made when they are missing.
import { transaction, type PostgresClient } from './client.ts'

/** Two that make the same table at once would fail, even with IF NOT EXISTS. The number only has to be the same everywhere. */
const LOCK = 'SELECT pg_advisory_xact_lock(7305804402)'

/** Whoever finds all of them needs no right to make any. */
export async function createMissing(
  client: PostgresClient,
  tables: readonly string[],
  statements: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ missing: boolean }>(
    'SELECT bool_or(to_regclass(name) IS NULL) AS missing FROM unnest($1::text[]) AS name',
    [tables],
  )
  if (rows[0]?.missing === false) return
  await transaction(client, async () => {
    await client.query(LOCK)
    for (const statement of statements) await client.query(statement)
  })
}
