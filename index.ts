// Everything of the package that has no optional dependency.
export * from './src/process/index.ts'
export * from './src/channel/index.ts'
export * from './src/flow/index.ts'
export * from './src/shared/index.ts'
export * from './src/stage/index.ts'
export * from './src/valve/index.ts'
export * from './src/journal/index.ts'
export * from './src/pipeline/index.ts'
export {
  snapshot,
  type ChannelParkMessage,
  type ChannelResumeMessage,
  type DropMessage,
  type ExitMessage,
  type FlowMetrics,
  type ParkMessage,
  type ResumeMessage,
  type Snapshot,
  type SpawnErrorMessage,
  type SpawnMessage,
} from './src/observe/index.ts'
