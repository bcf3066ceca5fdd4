// The public interfaces of the byte layer: what a pipe's two ends offer, and how they are recognised.
import type { Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import type { Sender } from '../channel/types.ts'
import type { WaitOptions } from '../wait.ts'

export type { WaitOptions }

/** Bytes as they are handed out; a `Buffer` is taken wherever they go in. */
export type Bytes = Uint8Array

/** What a child can be fed from. It is asked for the next piece when the kernel took the last one; text is sent as UTF-8. */
export type ByteSource =
  | string
  | Bytes
  | Iterable<string | Bytes>
  | AsyncIterable<string | Bytes>
  | Readable
  | ReadableStream

/**
 * Bytes stay in the kernel's pipe until a read asks for them.
 * One consumer mode at a time: an open iterator, `lines()`, `readable()`, `readableStream()`, `pipeTo()`, `text()` and its like hold the
 * reader, and anything else is ERR_READER_BUSY meanwhile. Bytes they took and did not deliver go back in front.
 *
 * The end of the child is not the end of its output: what the pipe holds stays readable. Output of a child that was ended by timeout,
 * abort or `terminate()` rejects after what the kernel held. Iterating gives a chunk for each read; leaving the loop on a `spawn().stdout`
 * closes and loses nothing. Disposal is `cancel()`.
 */
export interface ByteReader extends AsyncIterable<Bytes>, AsyncDisposable {
  /** `null` is the end. Concurrent reads are answered in order; an abort loses nothing. */
  read(options?: WaitOptions & { maxBytes?: number }): Promise<Bytes | null>
  /** `undefined` means that nothing is there now; also while other reads wait. */
  tryRead(options?: { maxBytes?: number }): Bytes | null | undefined
  /** 0 is the end. The buffer must stay attached until the promise settles. */
  readInto(buffer: Bytes, options?: WaitOptions): Promise<number>
  /** An end before `size` bytes is ERR_READER_CLOSED, and the part is still there to read. */
  readExactly(size: number, options?: WaitOptions): Promise<Bytes>
  /**
   * Holds the reader from now on. Bad options throw ERR_INVALID_OPTION, a reader that is held throws ERR_READER_BUSY.
   *
   * @example
   * for await (const line of child.stdout.lines()) console.log(line)
   */
  lines(options?: LineOptions): LineReader
  /** UTF-8; invalid bytes become U+FFFD, a byte order mark is kept. More than `maxBuffer` (100 MiB) is ERR_MAX_BUFFER, and the bytes are still there to read. */
  text(options?: WaitOptions & { maxBuffer?: number }): Promise<string>
  /** All up to the end, in one piece; bounded, and given up without loss, as `text()`. */
  bytes(options?: WaitOptions & { maxBuffer?: number }): Promise<Bytes>
  /** The text up to the end, parsed; what is no JSON is the SyntaxError of `JSON.parse`, and the bytes are gone. Bounded as `text()`. */
  json<T = unknown>(options?: WaitOptions & { maxBuffer?: number }): Promise<T>
  /** At the target's pace; fulfils with the number of bytes it took. A target that fails rejects this, and the rest is still there to read. */
  pipeTo(
    target: ByteWriter | Writable | WritableStream | Sender<Bytes>,
    options?: WaitOptions & { preventClose?: boolean },
  ): Promise<number>
  /** High-water mark 0: nothing is read before the stream is asked. */
  readable(): Readable
  /** A byte stream; high-water mark 0 too: each pull is one read. */
  readableStream(): ReadableStream<Bytes>
  /** Closes our end; the writer on the other side gets SIGPIPE or EPIPE. Reads that wait, and later ones, are ERR_READER_CLOSED. */
  cancel(): Promise<void>
  /** Bytes handed out; what went back in front is not counted. */
  readonly bytesRead: number
  /** It came to its end, was canceled, or was given to another child. */
  readonly isClosed: boolean
}

/** How bytes become lines. */
export interface LineOptions {
  /** `'utf8'` by default; invalid bytes become U+FFFD. */
  encoding?: 'utf8' | 'latin1'
  /** '\n' by default, and then '\r\n' counts too. */
  delimiter?: string
  /** In bytes, without the delimiter: 1 MiB by default, then ERR_LINE_TOO_LONG. */
  maxLength?: number
  /** False by default. */
  keepDelimiter?: boolean
}

/**
 * A last line without delimiter is delivered; characters cut by a read are joined; invalid UTF-8 is U+FFFD. Leaving a loop loses nothing.
 * A failure of the reader rejects after the lines before it. Disposal is `cancel()`.
 */
export interface LineReader extends AsyncIterable<string>, AsyncDisposable {
  /** `null` is the end. An abort loses nothing; a line over `maxLength` is ERR_LINE_TOO_LONG. */
  read(options?: WaitOptions): Promise<string | null>
  /**
   * What one read held: the fast way.
   *
   * @example
   * for await (const lines of child.stdout.lines().batches()) count += lines.length
   */
  batches(): AsyncIterable<string[]>
  /** Cancels the reader the lines come from. */
  cancel(): Promise<void>
}

/**
 * The writing end of a pipe. A reader that went away is EPIPE to the write that met it, never an event. Writes on an ended writer are
 * ERR_WRITER_CLOSED. Disposal is `end()`.
 */
export interface ByteWriter extends AsyncDisposable {
  /**
   * Settles when the kernel took every byte; never interleaved with other writes. An ignored failure shows on the next write and on `end()`.
   * Once a first byte was taken a write can no longer be given up: abort and timeout have no effect on it from then on.
   * A buffer over 64 KiB is not copied: leave its bytes alone until the write settles; one that was detached or resized meanwhile is ERR_INVALID_OPTION.
   */
  write(chunk: string | Bytes, options?: WaitOptions): Promise<void>
  /** Bytes taken now; 0 while writes wait. */
  tryWrite(chunk: Bytes): number
  /** Writes `chunk`, then closes our end after everything that waits. Calls share one end; `options` bound this call's wait only. */
  end(chunk?: string | Bytes, options?: WaitOptions): Promise<void>
  /** A chunk's callback comes when the kernel took all of it; ending the stream is `end()`. */
  writable(): Writable
  /** The same for the web: a chunk's write settles when the kernel took all of it. */
  writableStream(): WritableStream<string | Bytes>
  /** Accepted, and not yet taken by the kernel. */
  readonly pendingBytes: number
  /** Taken by the kernel. */
  readonly bytesWritten: number
  /** Our end is closed, after `end()` or a failure. Never rejects: a failure shows on the writes and on `end()`. */
  readonly closed: Promise<void>
  readonly isClosed: boolean
}

/** By shape, so that a proxy or another copy of this package is told apart only where its descriptor is needed. */
export function isByteReader(value: unknown): value is ByteReader {
  return hasMethods(value, ['readInto', 'readExactly', 'pipeTo'])
}

export function isByteWriter(value: unknown): value is ByteWriter {
  return hasMethods(value, ['write', 'tryWrite', 'end', 'writableStream'])
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every(name => typeof (value as Record<string, unknown>)[name] === 'function')
}
