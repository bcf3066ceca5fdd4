// One child of a daemon, from its start until its last line was taken: readiness, lines, and its end. Whether another follows is not known here.
import { attend, warn } from '../../callback.ts'
import { Deferred } from '../../deferred.ts'
import { LONGEST_TIMER } from '../../wait.ts'
import { processFailed } from '../failure.ts'
import type { Life } from '../life.ts'
import { startTimer } from '../lifetime.ts'
import { NO_OUTPUT, resultOf } from '../result.ts'
import { launch } from '../spawn.ts'
import type { ByteReader, ByteWriter } from '../byte-types.ts'
import type { Exit } from '../types.ts'
import { LinePump } from './line-pump.ts'
import type { DaemonSettings } from './options.ts'

export type Ending = 'terminate' | 'abort'

/** What a supervisor needs of a child. */
export interface DaemonChild {
  readonly pid: number
  /** Once it is gone; lines of it may still come. */
  readonly exit: Exit | undefined
  /** Undefined unless it is a pipe that is open to others. */
  readonly stdin: ByteWriter | undefined
  /** It has been executed. Rejects when it can't be. */
  readonly started: Promise<void>
  /** Pending for ever if it never is. */
  readonly ready: Promise<void>
  /** The child is gone. This and the next settle after `started`. */
  readonly exited: Promise<Exit>
  /** And its lines were taken. */
  readonly over: Promise<Exit>
  end(why: Ending): void
  /** Ends what outlived it. */
  sweep(): Promise<void>
  /** What to tell of a child that ended before it was ready. */
  failure(exit: Exit): Error | undefined
}

export class Incarnation implements DaemonChild {
  readonly started: Promise<void>
  readonly exited: Promise<Exit>
  readonly over: Promise<Exit>
  readonly #settings: DaemonSettings
  readonly #giveUp = new AbortController()
  #life: Life | undefined
  readonly #ready = new Deferred<void>()
  readonly #impatient = new Deferred<void>()
  #pumps: LinePump[] = []
  #isAsked = false
  #isReady = false
  #isClosed = false
  #isEnding = false
  #stopPatience: (() => void) | undefined

  constructor(settings: DaemonSettings) {
    this.#settings = settings
    const starting = this.#start()
    this.started = starting.then(nothing)
    this.exited = starting.then(life => life.whenExited)
    this.over = starting.then(life => this.#live(life))
    // A start that fails is told by `started` alone.
    this.exited.catch(nothing)
    this.over.catch(nothing)
  }

  get pid(): number {
    return this.#life?.pid ?? 0
  }

  get exit(): Exit | undefined {
    return this.#life?.exit
  }

  get stdin(): ByteWriter | undefined {
    return this.#settings.child.isStdinOurs ? undefined : this.#life?.ends?.stdin
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /**
   * A child that is being started is let start, so that it can end in its own way, but not for longer than it would have had for that. One
   * that was not asked for yet, since it waits to be admitted, never is.
   */
  end(why: Ending): void {
    this.#isEnding = true
    if (this.#life !== undefined) void this.#life.end(why, this.#settings.child)
    else if (why === 'abort' || !this.#isAsked) this.#giveUp.abort()
    else this.#endSoon()
    if (this.#isClosed) this.#hurry()
  }

  async sweep(): Promise<void> {
    await this.#life?.end('terminate', this.#settings.child)
  }

  failure(exit: Exit): Error | undefined {
    if (this.#life === undefined) return undefined
    const trouble = { code: 'ERR_PROCESS_FAILED', what: 'Daemon ended before it was ready' } as const
    return processFailed(resultOf(this.#life, exit, NO_OUTPUT, []), this.#settings.child, trouble)
  }

  async #start(): Promise<Life> {
    const { signal } = this.#giveUp
    const life = await launch({ ...this.#settings.child, signal }, () => (this.#isAsked = true))
    this.#life = life
    const { stdout, stderr } = life.ends ?? {}
    this.#pumps = [this.#pump(stdout, 'stdout'), this.#pump(stderr, 'stderr')].filter(pump => pump !== undefined)
    if (this.#settings.readyWhen === undefined) this.#becomeReady()
    return life
  }

  #endSoon(): void {
    const { killTimeout } = this.#settings.child
    const stop = killTimeout === Infinity ? nothing : startTimer(killTimeout, () => this.#giveUp.abort())
    const end = (): void => {
      stop()
      void this.#life?.end('terminate', this.#settings.child)
    }
    this.started.then(end, stop)
  }

  async #live(life: Life): Promise<Exit> {
    const exit = await life.whenClosed
    await life.whenSettled
    this.#isClosed = true
    // A descendant that holds a pipe may write for ever, and who stops the daemon does not wait for ever.
    if (this.#isEnding || !exit.drained) this.#hurry()
    await Promise.race([Promise.all(this.#pumps.map(({ done }) => done)), this.#impatient.promise])
    this.#stopPatience?.()
    for (const pump of this.#pumps) pump.leave()
    return exit
  }

  #pump(reader: ByteReader | undefined, from: 'stdout' | 'stderr'): LinePump | undefined {
    if (reader === undefined) return undefined
    const isWanted = (): boolean => this.#settings.onLine !== undefined || !this.#isReady
    return new LinePump(reader, {
      get wantsLines(): boolean {
        return isWanted()
      },
      take: line => this.#take(line, from),
    })
  }

  #take(line: string, from: 'stdout' | 'stderr'): Promise<void> | undefined {
    const { onLine, readyWhen } = this.#settings
    if (!this.#isReady && readyWhen !== undefined && matches(readyWhen, line)) this.#becomeReady()
    return onLine === undefined ? undefined : attend(onLine, line, from)
  }

  #becomeReady(): void {
    this.#isReady = true
    this.#ready.resolve()
  }

  /** What has come is delivered, but no longer than a held pipe would be waited for. One that nobody holds comes to its end by itself. */
  #hurry(): void {
    if (this.exit?.drained !== true) for (const pump of this.#pumps) pump.finish()
    const { drainTimeout } = this.#settings.child
    if (this.#stopPatience !== undefined || drainTimeout === Infinity) return
    // Not unref'd: somebody waits for this.
    const timer = setTimeout(() => this.#impatient.resolve(), Math.min(drainTimeout, LONGEST_TIMER))
    this.#stopPatience = () => clearTimeout(timer)
  }
}

function matches(readyWhen: RegExp | ((line: string) => boolean), line: string): boolean {
  if (typeof readyWhen === 'function') {
    try {
      return readyWhen(line)
    } catch (error) {
      warn(error)
      return false
    }
  }
  // One with the flag g or y goes on from where it found something.
  readyWhen.lastIndex = 0
  return readyWhen.test(line)
}

function nothing(): void {}
