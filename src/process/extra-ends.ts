// Our ends of the pipes and sockets on a child's descriptors 3, 4 and so on: made when it has started. When they are closed is up to ends.ts.
import type { Duplex } from 'node:stream'
import type { Environment, KeepAlive } from '../native/index.ts'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import type { StartedEvent } from './child.ts'
import { duplexOf } from './duplex.ts'
import { Endpoint } from './endpoint.ts'
import type { ExtraStream } from './options/extra-fds.ts'
import type { ReaderHooks } from './reader-core.ts'
import { PipeReader } from './reader.ts'
import { PipeWriter } from './writer.ts'

/** What a user gets for one of them; undefined for what isn't a pipe. */
export type ExtraEnd = ByteReader | ByteWriter | Duplex | undefined

/** Makes those ends. Each reader and writer, those inside a duplex too, is told to `add`. */
export function extraEnds(
  streams: readonly ExtraStream[],
  event: StartedEvent,
  host: Environment,
  keepAlive: KeepAlive,
  hooks: ReaderHooks,
  add: (end: PipeReader | PipeWriter, endpoint: Endpoint, stream: string) => void,
): readonly ExtraEnd[] {
  const reader = (index: number): PipeReader | undefined => {
    const native = event.extra(index, false)
    if (native === null) return undefined
    const endpoint = Endpoint.of(native, host, 'read', keepAlive)
    const end = new PipeReader(endpoint, hooks)
    add(end, endpoint, `fd ${3 + index}`)
    return end
  }
  const writer = (index: number, back: boolean): PipeWriter | undefined => {
    const native = event.extra(index, back)
    if (native === null) return undefined
    const endpoint = Endpoint.of(native, host, 'write', keepAlive)
    const end = new PipeWriter(endpoint)
    add(end, endpoint, `fd ${3 + index}`)
    return end
  }
  return streams.map(({ stream, input }, index) => {
    if (stream.kind === 'pipe') return input ? writer(index, false) : reader(index)
    return stream.kind === 'duplex' ? duplexOf(writer(index, true), reader(index)) : undefined
  })
}
