// What a user gets for a child's descriptors 3, 4 and so on. The ends are made, and closed, by ends.ts.
import type { Duplex } from 'node:stream'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import { duplexOf } from './duplex.ts'
import type { ExtraStream } from './options/extra-fds.ts'
import type { PipeReader } from './reader.ts'
import type { PipeWriter } from './writer.ts'

/** For one of them; undefined for what isn't a pipe. */
export type ExtraEnd = ByteReader | ByteWriter | Duplex | undefined

/** `back`: the writing half of a socket, whose reading half is another end. */
export function extraEnds(
  streams: readonly ExtraStream[],
  reader: (index: number) => PipeReader | undefined,
  writer: (index: number, back: boolean) => PipeWriter | undefined,
): readonly ExtraEnd[] {
  return streams.map(({ stream, input }, index) => {
    if (stream.kind === 'pipe') return input ? writer(index, false) : reader(index)
    return stream.kind === 'duplex' ? duplexOf(writer(index, true), reader(index)) : undefined
  })
}
