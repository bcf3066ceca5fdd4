// Values between threads: what 'sluicegate/shared' gives.
export { SharedChannel } from './shared-channel.ts'
export { SharedSemaphore } from './shared-semaphore.ts'
export type { SharedChannelConstructor, SharedCodec, SharedHandle, SharedOptions } from './types.ts'
export { RefusedError, SluiceError, type ErrorCode } from '../errors.ts'
export type { WaitOptions } from '../wait.ts'
