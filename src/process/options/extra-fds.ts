// extraFds: what lies on a child's descriptors 3, 4 and so on. The pipes among them are for `spawn`, which hands them out.
import { resolve } from 'node:path'
import { invalidOption } from '../../errors.ts'
import type { Use } from '../options.ts'
import { booleanOption, choiceOption, integerOption, isObject, pathOption } from './check.ts'
import { isByteReader, isByteWriter, type Stream } from './stdio.ts'

/** One more descriptor of a child. Of a pipe or a file, `input` says that the child reads. */
export interface ExtraStream {
  readonly stream: Stream | { readonly kind: 'duplex' }
  readonly input: boolean
}

/** The number of the first of them. */
export const FIRST_EXTRA = 3

/** What one message to the guard can carry. */
const MOST = 64
const NONE: readonly ExtraStream[] = []
const IGNORE: ExtraStream = { stream: { kind: 'ignore' }, input: false }

export function extraOptions(value: unknown, use: Use): readonly ExtraStream[] {
  if (value === undefined) return NONE
  if (!Array.isArray(value) || value.length > MOST)
    throw invalidOption('extraFds', `an array of at most ${MOST} entries`, value)
  const streams = Array.from(value, (entry: unknown, index) =>
    extraOption(`extraFds[${index}]`, entry, FIRST_EXTRA + index),
  )
  return use === 'hand out' ? streams : withoutPipes(streams)
}

/** For a child of which nobody gets a handle: who could read or write them? It would wait for ever. */
export function withoutPipes(streams: readonly ExtraStream[]): readonly ExtraStream[] {
  return streams.map(one => (one.stream.kind === 'pipe' || one.stream.kind === 'duplex' ? IGNORE : one))
}

function extraOption(name: string, value: unknown, own: number): ExtraStream {
  if (value === 'ignore') return IGNORE
  if (value === 'inherit') return { stream: { kind: 'fd', fd: own }, input: false }
  if (typeof value === 'number') return { stream: { kind: 'fd', fd: integerOption(name, value, 0, own) }, input: false }
  if (isByteReader(value)) return { stream: { kind: 'reader', end: value }, input: true }
  if (isByteWriter(value)) return { stream: { kind: 'writer', end: value }, input: false }
  if (isObject(value)) {
    const { pipe, file, append } = value
    if (pipe !== undefined) return pipeOption(`${name}.pipe`, pipe)
    if (file !== undefined) return fileOption(name, file, append)
  }
  throw invalidOption(
    name,
    "'ignore', 'inherit', a descriptor, { file }, { pipe }, a ByteReader or a ByteWriter",
    value,
  )
}

function pipeOption(name: string, pipe: unknown): ExtraStream {
  const way = choiceOption(name, pipe, ['in', 'out', 'duplex'], 'in')
  return { stream: { kind: way === 'duplex' ? 'duplex' : 'pipe' }, input: way === 'in' }
}

/** As for stdin without `append`, as for stdout with it. */
function fileOption(name: string, file: unknown, append: unknown): ExtraStream {
  const path = resolve(pathOption(`${name}.file`, file))
  return {
    stream: { kind: 'file', path, append: booleanOption(`${name}.append`, append, false) },
    input: append === undefined,
  }
}
