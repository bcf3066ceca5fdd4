// Values inside one thread: what 'sluicegate/channel' gives.
export { Channel } from './channel.ts'
export { select, type SelectCase, type Selected } from './select.ts'
export type {
  ChannelMetrics,
  ChannelOptions,
  DropReason,
  Overflow,
  Receiver,
  ReceiveManyOptions,
  Sender,
  SendPermit,
} from './types.ts'
export { RefusedError, SluiceError, type ErrorCode } from '../errors.ts'
export type { WaitOptions } from '../wait.ts'
