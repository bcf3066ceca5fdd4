// `fileJournal`: its options, checked and filled, and the opening.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidOption } from '../errors.ts'
import { environment } from '../native/index.ts'
import { FileJournal } from './file-journal.ts'
import { JournalCore } from './journal-core.ts'
import type { FileJournalOptions, Journal } from './types.ts'

const SEGMENT_BYTES = 64 * 1024 * 1024

/**
 * Opens the journal in a directory of this machine, which is made when it is missing. What a crash left half written at the end is cut off;
 * a bad record before good ones rejects with ERR_JOURNAL_CORRUPT, which names segment and place. One owner at a time: EBUSY otherwise.
 *
 * @example
 * await using journal = await fileJournal('./journal')
 * for await (const record of journal.replay()) restore(record)
 */
export async function fileJournal(directory: string | URL, options: FileJournalOptions = {}): Promise<Journal> {
  const path = resolve(directoryOption(directory))
  const { durability, segmentBytes } = checked(options)
  const here = environment()
  const core = new JournalCore(here, here.native.openJournal(path, durability === 'synced', segmentBytes))
  // The first answer of its thread is the one to the opening.
  await core.ask(() => {})
  return new FileJournal(core, durability)
}

function checked(options: FileJournalOptions): Required<FileJournalOptions> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { durability = 'synced', segmentBytes = SEGMENT_BYTES } = options
  if (durability !== 'synced' && durability !== 'written') {
    throw invalidOption('durability', "'synced' or 'written'", durability)
  }
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 1) {
    throw invalidOption('segmentBytes', 'a number of bytes, 1 or more', segmentBytes)
  }
  return { durability, segmentBytes }
}

function directoryOption(directory: unknown): string {
  const path = directory instanceof URL ? urlPath(directory) : directory
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalidOption('directory', 'a path or a file: URL', directory)
  }
  return path
}

function urlPath(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw invalidOption('directory', 'a file: URL or a path', url)
  }
}
