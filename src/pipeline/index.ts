// Ordered events: what 'sluicegate/pipeline' gives.
export { childWriter, type WritableChild } from './child-writer.ts'
export type { ByteWriterOptions } from './encoding.ts'
export { EventPipeline } from './event-pipeline.ts'
export { fileJournal, type FileJournalOptions, type Journal, type JournalRecord } from '../journal/index.ts'
export { fileWriter, type FileWriter, type FileWriterOptions } from './file-writer.ts'
export type {
  Codec,
  DeadLetter,
  EventLog,
  EventPipelineOptions,
  LookaheadOptions,
  Many,
  Nack,
  PipelineEvent,
  PipelineMetrics,
  ProcessContext,
  Processor,
  ProcessorMetrics,
  ProcessorOptions,
  WriteBatch,
  WriteItem,
  Writer,
  WriterLink,
} from './types.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { Backoff, RetryOptions } from '../retry.ts'
export type { WaitOptions } from '../wait.ts'
