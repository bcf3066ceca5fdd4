// What an ordered pipeline writes down, on this machine's disk: part of 'sluicegate/pipeline'.
export { fileJournal } from './open.ts'
export type { FileJournalOptions, Journal, JournalRecord } from './types.ts'
