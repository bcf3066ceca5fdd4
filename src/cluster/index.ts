// Logs of events that several machines share: what 'sluicegate/cluster' gives. Their clients are optional peers, imported when a log is opened.
export type { EventLog } from '../pipeline/index.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { WaitOptions } from '../wait.ts'
