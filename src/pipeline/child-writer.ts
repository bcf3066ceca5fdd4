// A child process as a writer. The pipe to it is the credit: a batch is acknowledged when the kernel has taken every byte.
import { invalidOption } from '../errors.ts'
import { byteWriterSettings, encoded, type ByteWriterOptions } from './encoding.ts'
import type { Writer } from './types.ts'

/** What a child needs for that: `spawn` gives it, and so does `daemon`. */
export interface WritableChild {
  readonly stdin: { write(chunk: Uint8Array): Promise<void> }
}

/**
 * Writes to a child's stdin. A child that reads slowly holds back its processor and no other. What is written to one that dies is refused, so
 * with `retry` the outputs go to whatever `stdin.write` reaches then. Acknowledged means: in the pipe, not yet handled.
 *
 * @example
 * const gzip = await spawn('gzip', [], { stdin: 'pipe', stdout: { file: 'archive.gz' } })
 * await pipeline.addProcessor({ name: 'archive', process: event => [event.data], writer: childWriter(gzip) })
 */
export function childWriter<O>(child: WritableChild, options: ByteWriterOptions<O> = {}): Writer<O> {
  const stdin: Partial<WritableChild['stdin']> | null | undefined = child?.stdin
  if (typeof stdin?.write !== 'function') throw invalidOption('child', "a child with stdin 'pipe'", child)
  const { encode, isLines: _, ...settings } = byteWriterSettings(options, 'child')
  return {
    ...settings,
    async write(batch) {
      const { bytes, nack } = encoded(batch, encode)
      if (bytes.length > 0) await child.stdin.write(bytes)
      return nack
    },
  }
}
