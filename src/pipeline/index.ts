// Ordered events: what 'sluicegate/pipeline' gives.
export { EventPipeline } from './event-pipeline.ts'
export type {
  Codec,
  DeadLetter,
  EventLog,
  EventPipelineOptions,
  Journal,
  JournalRecord,
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
