// Sources through steps into sinks: what 'sluicegate/flow' gives.
export { flow, merge } from './flow.ts'
export type {
  FlatMapOptions,
  Flow,
  FlowContext,
  FlowOptions,
  ForEachOptions,
  Many,
  MapOptions,
  ToOptions,
} from './types.ts'
export { batch, type BatchOptions, type ChannelMetrics } from '../channel/index.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { RateOptions } from '../rate.ts'
export type { RetryOptions } from '../retry.ts'
export type { WaitOptions } from '../wait.ts'
