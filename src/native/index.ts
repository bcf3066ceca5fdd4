// What the rest of the TypeScript side may use of the native one. Loads nothing by itself.
export type { NativeEndpoint, NativeEnvironment, NativeJournal, NativeJournalFailure } from './addon.ts'
export {
  Environment,
  environment,
  type EndpointHost,
  type Handler,
  type KeepAlive,
  type WaitHost,
} from './environment.ts'
export { takeEvent, type NativeChildEvent } from './event.ts'
export { takeOutcome, type JournalPosition, type NativeJournalOutcome } from './journal.ts'
export {
  sendRequest,
  type NativeCgroup,
  type NativeExtra,
  type NativeExtras,
  type NativeSpawnRequest,
  type NativeStdio,
} from './request.ts'
export {
  ACCEPTED,
  CLOSED,
  DROPPED,
  ENDED,
  FULL,
  LEVELS,
  NOTHING,
  SETTLED,
  STIRRED,
  TOO_LARGE,
  UNSETTLED,
  WAITING,
  type NativeChannel,
  type NativeSemaphore,
  type NativeWaits,
} from './shared.ts'
export { isSupported } from './support.ts'
