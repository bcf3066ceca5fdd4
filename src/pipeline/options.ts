// The options of pipelines, processors and writers: their checks, and every default, once.
import { invalidOption } from '../errors.ts'
import { LONGEST_TIMER } from '../wait.ts'
import { checkRetry, type RetryOptions } from '../retry.ts'
import type { Journal } from '../journal/index.ts'
import type { Codec, EventLog, EventPipelineOptions, ProcessorOptions, Writer } from './types.ts'

const LARGEST_RING = 2 ** 30

export interface PipelineSettings<I> {
  readonly name: string
  readonly ring: number
  readonly journal: Journal | undefined
  readonly log: EventLog | undefined
  readonly codec: Codec<I>
}

export type Acknowledgement = 'none' | 'batch' | 'manual'

export interface ProcessorSettings<I, O> {
  readonly name: string
  readonly interest: ProcessorOptions<I, O>['interest']
  readonly process: ProcessorOptions<I, O>['process']
  readonly writer: Writer<O>
  readonly maxBatch: number
  readonly items: number
  readonly maxBytes: number
  readonly sequences: number
  readonly computeConcurrency: number
  readonly isUnorderedWithin: boolean
  readonly ack: Acknowledgement
  readonly ackTimeout: number
  readonly retry: RetryOptions | undefined
  /** Undefined: halt. */
  readonly deadLetter: ProcessorOptions<I, O>['deadLetter']
}

export function pipelineSettings<I>(options: EventPipelineOptions<I> = {}): PipelineSettings<I> {
  checkObject('options', options)
  const { name = '', ring = 1024, journal, log, codec = json<I>() } = options
  if (typeof name !== 'string') throw invalidOption('name', 'a string', name)
  checkCount('ring', ring)
  if (ring > LARGEST_RING) throw invalidOption('ring', `at most ${LARGEST_RING} events`, ring)
  if (journal !== undefined) checkMethods('journal', journal, ['append', 'replay', 'compact', 'close'])
  if (log !== undefined) checkMethods('log', log, ['append', 'read', 'cursor', 'commit', 'acquire'])
  if (journal !== undefined && log !== undefined) throw invalidOption('log', 'left out beside a journal', log)
  checkMethods('codec', codec, ['encode', 'decode'])
  return { name, ring, journal, log, codec }
}

export function checkWriter(writer: Writer<never>): void {
  checkMethods('writer', writer, ['write'])
  checkName('writer.name', writer.name)
  checkCount('writer.capacity', writer.capacity)
  if (writer.maxBatch !== undefined) checkCount('writer.maxBatch', writer.maxBatch)
  checkFunction('writer.reset', (writer as { reset?: unknown }).reset)
}

/** Everything but the writer. */
export function checkProcessor<I, O>(options: ProcessorOptions<I, O>): void {
  checkObject('options', options)
  const {
    lookahead = {},
    computeConcurrency,
    ack,
    ackTimeout,
    retry,
    onExhausted,
    deadLetter,
    unorderedWithin,
  } = options
  checkName('name', options.name)
  checkFunction('interest', options.interest)
  if (typeof options.process !== 'function') throw invalidOption('process', 'a function', options.process)
  checkObject('lookahead', lookahead)
  if (lookahead.items !== undefined) checkCount('lookahead.items', lookahead.items)
  if (lookahead.sequences !== undefined) checkCount('lookahead.sequences', lookahead.sequences)
  if (lookahead.maxBytes !== undefined && !(typeof lookahead.maxBytes === 'number' && lookahead.maxBytes > 0)) {
    throw invalidOption('lookahead.maxBytes', 'a number of bytes above 0', lookahead.maxBytes)
  }
  if (computeConcurrency !== undefined) checkCount('computeConcurrency', computeConcurrency)
  checkOneOf('ack', ack, ['none', 'batch', 'manual'])
  checkOneOf('onExhausted', onExhausted, ['halt', 'dead-letter'])
  if (unorderedWithin !== undefined && typeof unorderedWithin !== 'boolean') {
    throw invalidOption('unorderedWithin', 'a boolean', unorderedWithin)
  }
  if (ackTimeout !== undefined && !isAckTimeout(ackTimeout)) {
    throw invalidOption('ackTimeout', `a number of ms above 0, at most ${LONGEST_TIMER}`, ackTimeout)
  }
  if (retry !== undefined) checkRetry(retry, 'retry')
  checkFunction('deadLetter', deadLetter)
  if (onExhausted === 'dead-letter' && deadLetter === undefined) {
    throw invalidOption('deadLetter', "given with onExhausted 'dead-letter'", deadLetter)
  }
}

export function processorSettings<I, O>(options: ProcessorOptions<I, O>, writer: Writer<O>): ProcessorSettings<I, O> {
  const { lookahead = {} } = options
  const maxBatch = Math.min(writer.maxBatch ?? Infinity, writer.capacity)
  return {
    name: options.name,
    interest: options.interest,
    process: options.process,
    writer,
    maxBatch,
    items: lookahead.items ?? 2 * maxBatch,
    maxBytes: lookahead.maxBytes ?? Infinity,
    sequences: lookahead.sequences ?? 1024,
    computeConcurrency: options.computeConcurrency ?? 1,
    isUnorderedWithin: options.unorderedWithin ?? false,
    ack: options.ack ?? 'batch',
    ackTimeout: options.ackTimeout ?? Infinity,
    retry: options.retry,
    deadLetter: options.onExhausted === 'dead-letter' ? options.deadLetter : undefined,
  }
}

function json<I>(): Codec<I> {
  return {
    encode: value => Buffer.from(JSON.stringify(value) ?? 'null'),
    decode: bytes => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as I,
  }
}

export function checkObject(option: string, value: unknown): void {
  if (value === null || typeof value !== 'object') throw invalidOption(option, 'an object', value)
}

export function checkName(option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidOption(option, 'a string that is not empty', value)
}

function isAckTimeout(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && (value <= LONGEST_TIMER || value === Infinity)
}

export function checkCount(option: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 1)) throw invalidOption(option, 'a positive integer', value)
}

export function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw invalidOption(option, 'a function', value)
}

function checkMethods(option: string, value: object, names: readonly string[]): void {
  checkObject(option, value)
  for (const name of names) {
    const method: unknown = (value as Record<string, unknown>)[name]
    if (typeof method !== 'function') throw invalidOption(`${option}.${name}`, 'a function', method)
  }
}

function checkOneOf(option: string, value: unknown, names: readonly string[]): void {
  if (value === undefined || names.includes(value as string)) return
  throw invalidOption(option, `one of ${names.map(name => `'${name}'`).join(', ')}`, value)
}
