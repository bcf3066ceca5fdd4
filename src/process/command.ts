// A child described and not started: immutable, checked when it is described, started anew by each run, spawn and stream.
import type { ByteReader } from './byte-types.ts'
import { takeOptions } from './options.ts'
import { takeCall } from './options/call.ts'
import { joined, merged, partOf, settingsOf, type Parts } from './parts.ts'
import { fromOption, launchPipe } from './pipeline.ts'
import { complete } from './run.ts'
import { openStream } from './stream.ts'
import { Handle } from './subprocess.ts'
import type { AnyResult, AnySubprocess, ProcessOptions, Result, RunOptions, Subprocess } from './types.ts'

/** Any command, whatever its options. */
// oxlint-disable-next-line typescript/no-explicit-any -- of all options, so that every command is assignable
export type AnyCommand = Command<any>

let create: (parts: Parts) => AnyCommand
let partsOf: (command: AnyCommand) => Parts

/**
 * A child described, not started; immutable, neither thenable nor iterable. `run`, `spawn` and `stream` start a new one each time.
 * Bad options throw ERR_INVALID_OPTION from `command`, `with`, `pipe` and `stream`, and reject `run` and `spawn`.
 */
export class Command<O = {}> {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
    // Made only to be checked: a run makes its own.
    settingsOf(parts, 'collect')
  }

  static {
    create = parts => new Command(parts)
    partsOf = command => command.#parts
  }

  /**
   * The same with other options: shallow, `env` one level deep. Of a pipe they concern the last command, `input` and `stdin` the first.
   *
   * @example
   * const quiet = command('make').with({ stdout: 'ignore' })
   */
  with<const P extends RunOptions>(options: P): Command<Omit<O, keyof P> & P> {
    return create(merged(this.#parts, takeOptions(options)))
  }

  /**
   * stdout (or stderr) to the next one's stdin in the kernel: no byte crosses JavaScript. All start together, and one that can't be
   * started ends the rest. The handle is the last command's, its stdin the first's; timeout, signal and terminate act on all.
   * `run` rejects with the last one that failed; one before it that died of SIGPIPE (or exit 141) is fine when its successor ended well.
   *
   * @example
   * const { stdout } = await command('zcat', ['big.gz']).pipe('head', ['-1']).run()
   */
  pipe<P>(next: Command<P>, options?: { from?: 'stdout' | 'stderr' }): Command<P>
  pipe<const P extends RunOptions = {}>(file: string | URL, args?: readonly string[], options?: P): Command<P>
  pipe(next: unknown, second?: unknown, third?: unknown): AnyCommand {
    if (next instanceof Command) return create(joined(this.#parts, partsOf(next), fromOption(second)))
    const call = takeCall(second, third)
    return create(joined(this.#parts, [partOf(next, call.args, call.options)], 'stdout'))
  }

  /** Runs it to its end, as `run` does. */
  run(): Promise<Result<O>>
  run<const P extends RunOptions>(options: P): Promise<Result<Omit<O, keyof P> & P>>
  async run(options?: RunOptions): Promise<AnyResult> {
    return await complete(await launchPipe(settingsOf(merged(this.#parts, takeOptions(options)), 'collect')))
  }

  /** Starts it, as `spawn` does. */
  spawn(): Promise<Subprocess<O>>
  spawn<const P extends ProcessOptions>(options: P): Promise<Subprocess<Omit<O, keyof P> & P>>
  async spawn(options?: ProcessOptions): Promise<AnySubprocess> {
    return Handle.ofPipe(await launchPipe(settingsOf(merged(this.#parts, takeOptions(options)), 'hand out')))
  }

  /** Its stdout; starts at the first read, as `stream` does. */
  stream(options?: RunOptions): ByteReader {
    return openStream(settingsOf(merged(this.#parts, takeOptions(options)), 'stream'))
  }
}

/**
 * Describes a child without starting it. Bad options throw ERR_INVALID_OPTION; whether the program exists shows when it is started.
 *
 * @example
 * const list = command('ls', ['-l'], { lines: true })
 * const { stdout } = await list.with({ cwd: '/' }).run()
 */
export function command<const O extends RunOptions = {}>(
  file: string | URL,
  args?: readonly string[],
  options?: O,
): Command<O>
export function command<const O extends RunOptions>(file: string | URL, options: O): Command<O>
export function command(file: string | URL, args?: unknown, options?: unknown): AnyCommand {
  const call = takeCall(args, options)
  return create([partOf(file, call.args, call.options)])
}
