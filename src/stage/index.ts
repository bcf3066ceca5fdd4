// Stages that move events as they are asked for: what 'sluicegate/stage' gives.
export { consumer, taskConsumer } from './consumer.ts'
export {
  Message,
  messages,
  type BatcherOptions,
  type MessageContext,
  type Messages,
  type MessagesOptions,
  type ProcessorsOptions,
} from './messages/index.ts'
export { producer } from './producer.ts'
export { producerConsumer } from './producer-consumer.ts'
export {
  boundedJoin,
  departition,
  takeSorted,
  windowed,
  type DepartitionOptions,
  type JoinMode,
  type JoinOptions,
  type Window,
  type WindowOptions,
  type WindowState,
} from './windows/index.ts'
export { stopStages } from './stop-stages.ts'
export type {
  Consumer,
  CustomDispatcher,
  Dispatch,
  Dispatcher,
  Producer,
  ProducerConsumer,
  ProducerOptions,
  StageBase,
  StageContext,
  SubscribeOptions,
  Subscription,
} from './types.ts'
export type { StageMetrics } from '../observe/metrics.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { RateOptions } from '../rate.ts'
export type { Backoff, RetryOptions } from '../retry.ts'
export type { WaitOptions } from '../wait.ts'
