// The log in PostgreSQL keeps what every log keeps, on a server of its own. Only where there is one.
import test from 'ava'
import { postgresLog } from '../../src/cluster/index.ts'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'
import { conformance } from './conformance.ts'

if (hasPostgres) {
  conformance('PostgreSQL', { isRemote: true }, async () => {
    const postgres = await Postgres.start({ tcp: true })
    const connect = (port?: number): string => postgres.connectionString(port)
    return {
      port: postgres.port,
      open: async (table, port) => await postgresLog({ connectionString: connect(port), table }),
      trim: async (table, upTo) => {
        await postgres.psql(`DELETE FROM "${table}" WHERE sequence <= ${upTo}`).run()
      },
      // Between two pages nothing is open for anybody.
      readers: async () => {
        const open = `SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`
        return Number((await postgres.psql(open).run()).stdout)
      },
      [Symbol.asyncDispose]: async () => await postgres[Symbol.asyncDispose](),
    }
  })
} else test('PostgreSQL is not to be had here', t => t.pass())
