// `stream`: the stdout of a child that starts with the first read, and whose failure is the end of its output.
import type { ByteReader } from './byte-types.ts'
import { Endpoint } from './endpoint.ts'
import type { Life } from './life.ts'
import { settle, takeOptions, type Settings } from './options.ts'
import { takeCall } from './options/call.ts'
import { invalidOption } from '../errors.ts'
import { launchPipe, type Waiting } from './pipeline.ts'
import { PipeReader } from './reader.ts'
import { NO_OUTPUT, resultOf } from './result.ts'
import type { RunOptions } from './types.ts'
import { verdict } from './verdict.ts'

/**
 * Starts the program at the first read. Leaving the loop, or `cancel()`, ends its tree; a child that did not end well rejects the last
 * read with a ProcessError, one that could not start the first with a SpawnError. Bad options throw. Only stdout can be reached: a
 * piped stderr is kept as a tail, and stdin is `input` or nothing.
 *
 * @example
 * for await (const line of stream('tail', ['-f', 'log']).lines()) console.log(line)
 */
export function stream(file: string | URL, args?: readonly string[], options?: RunOptions): ByteReader
export function stream(file: string | URL, options: RunOptions): ByteReader
export function stream(file: string | URL, args?: unknown, options?: unknown): ByteReader {
  const call = takeCall(args, options)
  return openStream([settle(file, call.args, takeOptions(call.options), 'stream')])
}

/** The stream of a whole pipe, which is its last member's stdout. */
export function openStream(settings: readonly Settings[]): ByteReader {
  const last = settings.at(-1)?.stdout
  if (last?.kind !== 'pipe')
    throw invalidOption('stdout', "'pipe' or nothing, since it is what a stream reads", last?.kind)
  return new Stream(settings).reader
}

class Stream implements Waiting {
  readonly reader: PipeReader
  readonly endpoint: Endpoint
  readonly #settings: readonly Settings[]
  #launch: Promise<readonly Life[]> = Promise.resolve([])
  #members: readonly Life[] = []
  #isAtEnd = false
  readonly #leaving = new AbortController()

  constructor(settings: readonly Settings[]) {
    this.#settings = settings
    this.endpoint = new Endpoint('read', { start: () => this.#start() })
    this.reader = new PipeReader(this.endpoint, {
      endError: () => this.#endError(),
      onLeave: () => this.#leave(),
      onClose: () => this.#closed(),
    })
  }

  get left(): AbortSignal {
    return this.#leaving.signal
  }

  #start(): void {
    this.#launch = launchPipe(this.#settings, this)
    this.#launch.then(
      members => {
        this.#members = members
        if (this.left.aborted) void this.#end()
      },
      (error: Error) => this.endpoint.fail(error),
    )
  }

  /** The output is over; whether it is whole shows with the exit. */
  async #endError(): Promise<Error | undefined> {
    this.#isAtEnd = true
    // Its first bytes, and its end, may be here before the start of the whole pipe has been reported.
    const members = await this.#launch
    // The descriptor is closed by now, and the child was not told: its `closed` has to look again.
    for (const life of members) life.recheck()
    const results = await Promise.all(members.map(async life => resultOf(life, await life.whenClosed, NO_OUTPUT, [])))
    return verdict(members, results)
  }

  async #leave(): Promise<void> {
    await this.reader.cancel()
    await this.#end()
  }

  #closed(): void {
    for (const life of this.#members) life.recheck()
    if (!this.#isAtEnd) void this.#end()
  }

  async #end(): Promise<void> {
    this.#leaving.abort()
    await Promise.all(this.#members.map(life => life.end('terminate', life.settings)))
  }
}
