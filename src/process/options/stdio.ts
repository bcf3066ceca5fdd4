// stdin, stdout, stderr, stdio and input: which way each stream takes. What is opened or made for it is up to request.ts and the native side.
import { isatty } from 'node:tty'
import { resolve } from 'node:path'
import { invalidOption } from '../../errors.ts'
import type { Use } from '../options.ts'
import { PipeReader } from '../reader.ts'
import { PipeWriter } from '../writer.ts'
import { booleanOption, choiceOption, integerOption, isObject, pathOption } from './check.ts'
import { terminalOption, type TerminalSettings } from './terminal.ts'
import type { ByteReader, ByteSource, ByteWriter } from '../byte-types.ts'

/** Bytes of stderr that are kept when nobody else takes them. */
export const DEFAULT_TAIL = 65_536

/** One stream of a child. `reader`, `writer`: one of ours, given away. `link`: one side of a pipe between two children. */
export type Stream =
  | { readonly kind: 'pipe' | 'ignore' | 'stdout' }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'file'; readonly path: string; readonly append: boolean }
  | { readonly kind: 'tail'; readonly bytes: number }
  | { readonly kind: 'reader'; readonly end: ByteReader }
  | { readonly kind: 'writer'; readonly end: ByteWriter }
  | { readonly kind: 'link'; readonly link: number }
  | TerminalSettings

export interface Streams {
  readonly stdin: Stream
  readonly stdout: Stream
  readonly stderr: Stream
  readonly input: ByteSource | undefined
  /** stdin is a pipe for `input` alone; the caller did not ask for it. */
  readonly isStdinOurs: boolean
  /** The child reads from our terminal, so it has to be in its foreground group. */
  readonly foreground: boolean
  /** Its own one, which is `stdin` then, and everything else. */
  readonly terminal: TerminalSettings | undefined
}

const PIPE: Stream = { kind: 'pipe' }
const IGNORE: Stream = { kind: 'ignore' }
const MERGED: Stream = { kind: 'stdout' }
const TAIL: Stream = { kind: 'tail', bytes: DEFAULT_TAIL }
const WAYS = ['pipe', 'ignore', 'inherit'] as const
const ANY_WAY = "'pipe', 'ignore', 'inherit', a descriptor, { file }"

export function streamOptions(given: Readonly<Record<string, unknown>>, use: Use): Streams {
  const all = given['stdio'] === undefined ? undefined : choiceOption('stdio', given['stdio'], WAYS, 'pipe')
  const input = inputOption(given['input'])
  const terminal = terminalOption(given)
  if (terminal !== undefined) return onTerminal(terminal, input, use)
  if (input !== undefined && given['stdin'] !== undefined && given['stdin'] !== 'pipe') {
    throw invalidOption('stdin', "'pipe' or nothing, since `input` is given", given['stdin'])
  }
  const stdin = input === undefined ? stdinOption(given['stdin'] ?? all) : PIPE
  const stderr = stderrOption(given['stderr'] ?? all) ?? (use === 'collect' ? PIPE : TAIL)
  const streams = {
    stdin,
    stdout: outputOption('stdout', given['stdout'] ?? all, 1) ?? PIPE,
    stderr,
    input,
    isStdinOurs: input !== undefined && given['stdin'] === undefined && all !== 'pipe',
    foreground: stdin.kind === 'fd' && isatty(stdin.fd),
    terminal,
  }
  return use === 'stream' ? withoutUnreachable(streams) : streams
}

/** Who gets no handle can't type anything: without `input` the terminal is at the end of its input from the beginning. */
function onTerminal(terminal: TerminalSettings, input: ByteSource | undefined, use: Use): Streams {
  const fed = input ?? (use === 'hand out' ? undefined : '')
  return { stdin: terminal, stdout: PIPE, stderr: MERGED, input: fed, isStdinOurs: false, foreground: false, terminal }
}

/** A stream hands out stdout alone: nobody could read a piped stderr or write to a piped stdin, and the child would wait for ever. */
function withoutUnreachable(streams: Streams): Streams {
  const { stdin, stderr, input } = streams
  return {
    ...streams,
    stdin: stdin.kind === 'pipe' && input === undefined ? IGNORE : stdin,
    stderr: stderr.kind === 'pipe' ? TAIL : stderr,
  }
}

function stdinOption(value: unknown): Stream {
  if (value === undefined) return IGNORE
  const way = commonWay('stdin', value, 0)
  if (way) return way
  if (isByteReader(value)) return { kind: 'reader', end: value }
  throw invalidOption('stdin', `${ANY_WAY} or a ByteReader`, value)
}

function stderrOption(value: unknown): Stream | undefined {
  if (value === 'stdout') return MERGED
  if (isObject(value) && !isByteWriter(value)) {
    const { tail } = value
    if (tail !== undefined) return { kind: 'tail', bytes: integerOption('stderr.tail', tail, 0, DEFAULT_TAIL) }
  }
  return outputOption('stderr', value, 2)
}

function outputOption(name: 'stdout' | 'stderr', value: unknown, own: number): Stream | undefined {
  if (value === undefined) return undefined
  const way = commonWay(name, value, own)
  if (way) return way
  if (isByteWriter(value)) return { kind: 'writer', end: value }
  throw invalidOption(
    name,
    name === 'stderr' ? `${ANY_WAY}, { tail }, 'stdout' or a ByteWriter` : `${ANY_WAY} or a ByteWriter`,
    value,
  )
}

function commonWay(name: string, value: unknown, own: number): Stream | undefined {
  if (value === 'pipe') return PIPE
  if (value === 'ignore') return IGNORE
  if (value === 'inherit') return { kind: 'fd', fd: own }
  if (typeof value === 'number') return { kind: 'fd', fd: integerOption(name, value, 0, own) }
  if (!isObject(value) || isByteReader(value) || isByteWriter(value)) return undefined
  const { file, append } = value
  if (file === undefined) return undefined
  // The file is opened by this process, so a relative path starts here and not at the child's `cwd`.
  return {
    kind: 'file',
    path: resolve(pathOption(`${name}.file`, file)),
    append: name !== 'stdin' && booleanOption(`${name}.append`, append, false),
  }
}

function inputOption(value: unknown): ByteSource | undefined {
  if (value === undefined || typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'object' && value !== null) {
    const source = value as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown; getReader?: unknown }
    const feeds = [source[Symbol.asyncIterator], source[Symbol.iterator], source.getReader]
    if (feeds.some(feed => typeof feed === 'function')) return value as ByteSource
  }
  throw invalidOption('input', 'a string, bytes, an iterable of those, a Readable or a ReadableStream', value)
}

export function isByteReader(value: unknown): value is ByteReader {
  return typeof value === 'object' && value !== null && PipeReader.coreOf(value as ByteReader) !== undefined
}

export function isByteWriter(value: unknown): value is ByteWriter {
  return typeof value === 'object' && value !== null && PipeWriter.coreOf(value as ByteWriter) !== undefined
}
