// Our side of a child's terminal: a writer and a reader of one open file. What ends its input, and what closing one of them means for the other.
import { constants } from 'node:os'
import { errnoError } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'
import type { TerminalSettings } from './options/terminal.ts'
import { PipeWriter } from './writer.ts'

const NOTHING = new Uint8Array(0)

/** Its `end` types what a person types there at the end. */
export function terminalWriter(input: Endpoint, { raw }: TerminalSettings): PipeWriter {
  return new PipeWriter(input, {
    ending: last => {
      const end = input.inputEnd(last, raw)
      return end > 0 ? new Uint8Array(end >> 8).fill(end & 0xff) : NOTHING
    },
  })
}

/** Nobody will read the terminal any more, so our writing end goes too, which hangs it up: a child that writes to it would wait for ever. */
export function hangUp(writer: PipeWriter): void {
  const core = PipeWriter.coreOf(writer)
  if (core === undefined) return
  if (core.pendingBytes > 0) core.break(errnoError(constants.errno.EPIPE, 'write'))
  else core.closeUnread()
}
