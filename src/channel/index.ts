// Values inside one thread: what 'sluicegate/channel' gives.
export { batch } from './batch.ts'
export type { BatchOptions } from './batch-options.ts'
export { Broadcast, type BroadcastReceiver } from './broadcast.ts'
export type { BroadcastOptions } from './broadcast-options.ts'
export { Channel } from './channel.ts'
export { eventChannel, type EventChannelOptions } from './events.ts'
export type { ReadableOptions } from './leaving-reads.ts'
export { onLevel, type LevelSource } from './level.ts'
export { limit, type Limit } from './limit.ts'
export { select, type SelectCase, type Selected } from './select.ts'
export type { LostPermits } from './lost-permits.ts'
export { Semaphore, type Permit, type SemaphoreOptions } from './semaphore.ts'
export type {
  ChannelMetrics,
  ChannelOptions,
  ChannelReceiver,
  ChannelSender,
  DropReason,
  Overflow,
  Receiver,
  ReceiveManyOptions,
  Sender,
  SendPermit,
} from './types.ts'
export { WorkQueue } from './work-queue.ts'
export type {
  AdmittedJob,
  JobContext,
  JobMapOptions,
  JobOptions,
  WorkQueueMetrics,
  WorkQueueOptions,
} from './work-queue-types.ts'
export type { WritableOptions } from './writable.ts'
export { RefusedError, SluiceError, type ErrorCode } from '../errors.ts'
export type { RateOptions } from '../rate.ts'
export type { Backoff, RetryOptions } from '../retry.ts'
export type { WaitOptions } from '../wait.ts'
