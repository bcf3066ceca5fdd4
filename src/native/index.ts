// What the rest of the TypeScript side may use of the native one. Loads nothing by itself.
export type { NativeChildEvent, NativeEndpoint, NativeEnvironment, NativeSpawnRequest, NativeStdio } from './addon.ts'
export { Environment, environment, type EndpointHost, type Handler, type KeepAlive } from './environment.ts'
export { isSupported } from './support.ts'
