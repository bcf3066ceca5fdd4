// A reader or writer of ours becomes a stream of another child: its native end is taken out, and it is closed here.
import { invalidOption } from '../errors.ts'
import type { NativeEndpoint } from '../native/index.ts'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import { PipeReader } from './reader.ts'
import { PipeWriter } from './writer.ts'

/** The reader must be idle, with nothing put back in front: ERR_READER_BUSY, ERR_READER_CLOSED. `option` names it in the error for one that isn't ours. */
export function surrenderReader(reader: ByteReader, option: string): NativeEndpoint {
  const core = PipeReader.coreOf(reader)
  if (core === undefined) throw invalidOption(option, 'a reader of a child of this process', reader)
  if (core.endpoint.isTerminal) throw invalidOption(option, 'a reader of a pipe, not of a terminal', reader)
  return core.surrender()
}

/** The writer must be open, and nothing may wait on it: ERR_WRITER_CLOSED. */
export function surrenderWriter(writer: ByteWriter, option: string): NativeEndpoint {
  const core = PipeWriter.coreOf(writer)
  if (core === undefined) throw invalidOption(option, 'a writer of a child of this process', writer)
  if (core.endpoint.isTerminal) throw invalidOption(option, 'a writer of a pipe, not of a terminal', writer)
  return core.surrender()
}
