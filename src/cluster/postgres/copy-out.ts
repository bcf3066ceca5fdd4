// COPY … TO STDOUT in its binary format: the one way for bytes out of the server as they are. In rows the client of `pg` has them as
// hexadecimal digits, twice as long.
import type { PostgresClient } from './client.ts'

/** The fields of one row; null where there is no value. */
export type CopiedRow = readonly (Buffer | null)[]

/** What `pg` asks of a query that it doesn't know. */
interface Connection {
  query(text: string): void
}

interface CustomQuery {
  callback: (error: Error | null) => void
  submit(connection: Connection): null
  handleCopyData(message: { readonly chunk: Buffer }): void
  handleRowDescription(): void
  handleDataRow(): void
  handleCommandComplete(): void
  handleEmptyQuery(): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

// Eleven bytes that tell the format, four of flags, and four with the length of an extension that there is none of.
const HEADER = 19

/** Rows of a query without parameters. */
export async function copyOut(client: PostgresClient, query: string): Promise<CopiedRow[]> {
  const chunks: Buffer[] = []
  await new Promise<void>((resolve, reject) => {
    const copy: CustomQuery = {
      callback: error => (error === null ? resolve() : reject(error)),
      submit(connection) {
        connection.query(`COPY (${query}) TO STDOUT (FORMAT binary)`)
        return null
      },
      // Copied, for the client reads on into the same memory.
      handleCopyData: ({ chunk }) => void chunks.push(Buffer.from(chunk)),
      handleRowDescription() {},
      handleDataRow() {},
      handleCommandComplete() {},
      handleEmptyQuery() {},
      handleReadyForQuery: () => copy.callback(null),
      handleError: error => copy.callback(error),
    }
    const custom = client as unknown as { query(query: CustomQuery): unknown }
    custom.query(copy)
  })
  return rowsOf(Buffer.concat(chunks))
}

function rowsOf(bytes: Buffer): CopiedRow[] {
  const rows: CopiedRow[] = []
  // The count of a row's fields; after the last row it is -1.
  for (let at = HEADER, count = bytes.readInt16BE(at); count >= 0; count = bytes.readInt16BE(at)) {
    at += 2
    const row: (Buffer | null)[] = []
    for (let field = 0; field < count; field++) {
      const length = bytes.readInt32BE(at)
      at += 4
      row.push(length < 0 ? null : bytes.subarray(at, at + length))
      at += Math.max(0, length)
    }
    rows.push(row)
  }
  return rows
}
