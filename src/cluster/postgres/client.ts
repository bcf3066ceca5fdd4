// What is used of a client of `pg`, and what users get of it. Its types are spelled out here, so that no program needs those of `pg`.

/** What a statement gave. */
export interface PostgresResult<R = Record<string, unknown>> {
  readonly rows: R[]
  readonly rowCount: number | null
  readonly command: string
}

/** A client of `pg`, for the length of one transaction. */
export interface PostgresClient {
  query<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<PostgresResult<R>>
}

/** All that `work` does, or nothing. */
export async function transaction<T>(client: PostgresClient, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  try {
    const value = await work()
    await client.query('COMMIT')
    return value
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
