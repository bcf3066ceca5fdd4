// What is observed, and by whom: the lists and channels that the other parts fill, and what users see of them.
export {
  channelDrop,
  channelPark,
  channelResume,
  messagesError,
  messagesStart,
  messagesStop,
  processError,
  processExit,
  processPark,
  processResume,
  processSpawn,
  publishSoon,
  queueDrop,
  type ChannelParkMessage,
  type ChannelResumeMessage,
  type DropMessage,
  type ExitMessage,
  type MessagesStep,
  type MessagesStepEnd,
  type ParkMessage,
  type ResumeMessage,
  type SpawnErrorMessage,
  type SpawnMessage,
} from './events.ts'
export { childProcesses, NodeLikeChild, type ObservedChild } from './node-like-child.ts'
export { list, liveChildren, totals, type LiveChild } from './registry.ts'
export { snapshot, type Snapshot } from './snapshot.ts'
