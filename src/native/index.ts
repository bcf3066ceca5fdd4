// What the rest of the TypeScript side may use of the native one. Loads nothing by itself.
export type { NativeEndpoint, NativeEnvironment, NativeJournal, NativeJournalFailure } from './addon.ts'
export { Environment, environment, type EndpointHost, type Handler, type KeepAlive } from './environment.ts'
export { takeEvent, type NativeChildEvent } from './event.ts'
export { takeOutcome, type JournalPosition, type NativeJournalOutcome } from './journal.ts'
export { sendRequest, type NativeSpawnRequest, type NativeStdio } from './request.ts'
export { isSupported } from './support.ts'
