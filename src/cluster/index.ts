// Logs of events that several machines share: what 'sluicegate/cluster' gives. Their clients are optional peers, imported when a log is opened.
export { jetstreamLog } from './jetstream/jetstream-log.ts'
export type { JetStreamLogOptions } from './jetstream/names.ts'
export type { EventLog } from '../pipeline/index.ts'
export type { PostgresClient, PostgresResult } from './postgres/client.ts'
export { postgresLog, type PostgresLogOptions } from './postgres/log.ts'
export type { PostgresRow } from './postgres/rows.ts'
export { postgresWriter, type PostgresWriter } from './postgres/writer.ts'
export type {
  PostgresConnectionOptions,
  PostgresStatementOptions,
  PostgresTableOptions,
  PostgresWriterOptions,
} from './postgres/writer-options.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { WaitOptions } from '../wait.ts'
