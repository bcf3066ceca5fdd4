// The ways to share out events.
export { BroadcastDispatcher } from './broadcast.ts'
export { DemandDispatcher } from './demand.ts'
export type { StageDispatch, StageDispatcher } from './dispatcher.ts'
export { PartitionDispatcher } from './partition.ts'
