// What a processor counts over all its epochs.
export interface ProcessorTotals {
  retries: number
  deadLetters: number
  writerIdleMs: number
}
