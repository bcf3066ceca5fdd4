// A reader or writer of ours becomes a stream of another child: its native end is taken out, and it is closed here.
import { invalidOption } from '../errors.ts'
import type { NativeEndpoint } from '../native/index.ts'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import { PipeReader } from './reader.ts'
import type { ReaderCore } from './reader-core.ts'
import { PipeWriter } from './writer.ts'
import type { WriterCore } from './writer-core.ts'

export type End =
  | { readonly kind: 'reader'; readonly end: ByteReader }
  | { readonly kind: 'writer'; readonly end: ByteWriter }

/** One that is given, and the option that says so. */
export type Given = End & { readonly option: string }

/**
 * Throws what a request for all of them would be refused with, so that one that fails takes none: a reader must be idle, with nothing put
 * back in front (ERR_READER_BUSY, ERR_READER_CLOSED), a writer open, and nothing may wait on it (ERR_WRITER_CLOSED).
 */
export function checkGiven(given: readonly Given[]): void {
  if (given.length === 0) return
  const seen = new Set<object>()
  for (const one of given) {
    coreOf(one, one.option).checkSurrender()
    if (seen.has(one.end)) throw invalidOption(one.option, `a ${one.kind} that is given only once`, one.end)
    seen.add(one.end)
  }
}

/** Of one that was checked; undefined for a reader that is at its end. */
export function surrender(end: End): NativeEndpoint | undefined {
  return coreOf(end, end.kind).surrender()
}

function coreOf(given: End, option: string): ReaderCore | WriterCore {
  const { kind, end } = given
  const core = kind === 'reader' ? PipeReader.coreOf(end) : PipeWriter.coreOf(end)
  if (core === undefined) throw invalidOption(option, `a ${kind} of a child of this process`, end)
  if (core.endpoint.isTerminal) throw invalidOption(option, `a ${kind} of a pipe, not of a terminal`, end)
  return core
}
