// The life of a daemon: one child after the other, as the policy says, until it is stopped. What a child is, and where its lines go, is not known here.
import { onAbort } from '../../abort.ts'
import { abortError } from '../../errors.ts'
import { Feed } from '../../feed.ts'
import { Deferred } from '../../deferred.ts'
import type { Exit } from '../types.ts'
import { DaemonInput } from './daemon-input.ts'
import type { DaemonChild, Ending } from './incarnation.ts'
import { Restarts, type RestartPolicy } from './restarts.ts'
import type { Daemon, DaemonEvent } from './types.ts'

export interface SupervisorSettings extends RestartPolicy {
  readonly signal: AbortSignal | undefined
  readonly sweeps: boolean
}

export class Supervisor {
  state: Daemon['state'] = 'starting'
  restarts = 0
  readonly ready: Deferred<void> = new Deferred<void>()
  readonly stopped: Deferred<Exit> = new Deferred<Exit>()
  readonly feed: Feed<DaemonEvent> = new Feed<DaemonEvent>()
  readonly input: DaemonInput = new DaemonInput()
  readonly #settings: SupervisorSettings
  readonly #launch: () => DaemonChild
  readonly #policy: Restarts
  #child: DaemonChild | undefined
  #exit: Exit | undefined
  // What went wrong last; an exit's error is made when it is needed.
  #failure: () => unknown = () => undefined
  #ending: Ending | undefined
  #endPause: (() => void) | undefined

  /** Starts the first child at once. */
  constructor(settings: SupervisorSettings, launch: () => DaemonChild) {
    this.#settings = settings
    this.#launch = launch
    this.#policy = new Restarts(settings)
    void this.#supervise(settings.signal)
  }

  get pid(): number | undefined {
    const child = this.#child
    return child === undefined || child.pid === 0 || child.exit !== undefined ? undefined : child.pid
  }

  /** Also ends what outlived a child that had ended by itself. */
  async stop(): Promise<Exit> {
    this.#end('terminate')
    try {
      return await this.stopped.promise
    } finally {
      await this.#child?.sweep()
    }
  }

  get #isOver(): boolean {
    return this.state === 'stopped' || this.state === 'failed'
  }

  #end(why: Ending): void {
    if (this.#ending !== undefined || this.#isOver) return
    this.#ending = why
    this.#child?.end(why)
    this.#endPause?.()
  }

  async #supervise(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) this.#ending = 'abort'
    const listener = signal && onAbort(signal, { handleEvent: () => this.#end('abort') })
    const state = this.#ending === undefined ? await this.#run() : 'stopped'
    listener?.remove()
    if (signal !== undefined && this.#ending === 'abort') this.#failure = () => abortError(signal)
    this.#finish(state)
  }

  async #run(): Promise<'stopped' | 'failed'> {
    for (;;) {
      const exit = await this.#live()
      const isOk = exit?.ok === true
      const delay = this.#ending === undefined ? this.#policy.after(isOk, performance.now()) : 'enough'
      // What can't be started at all is not tried again; a program that is just being replaced is back in a moment.
      const restarts = this.#exit !== undefined && typeof delay === 'number'
      if (restarts) this.state = 'backoff'
      if (exit !== undefined) this.#tell({ type: 'exited', pid: this.#child?.pid ?? 0, exit })
      if (this.#ending !== undefined) return 'stopped'
      if (!restarts) return delay === 'enough' && isOk ? 'stopped' : 'failed'
      if (this.#settings.sweeps) await this.#child?.sweep()
      await this.#pause(delay)
      if (this.#ending === undefined) this.restarts += 1
      else {
        await this.#child?.sweep()
        return 'stopped'
      }
    }
  }

  /** One child, from its start until its last line was taken; nothing when it could not be started. */
  async #live(): Promise<Exit | undefined> {
    this.state = 'starting'
    try {
      const child = this.#launch()
      this.#child = child
      await child.started
      const { pid } = child
      this.#tell({ type: 'started', pid })
      this.input.open(child)
      child.ready.then(() => this.#becomeReady(pid), nothing)
      const exit = await child.over
      this.input.shut(child)
      this.#exit = exit
      this.#failure = () => child.failure(exit)
      return exit
    } catch (error) {
      this.#failure = () => error
      return undefined
    }
  }

  #becomeReady(pid: number): void {
    this.state = 'ready'
    this.#tell({ type: 'ready', pid })
    this.ready.resolve()
  }

  /** The wait before a restart; it keeps the event loop alive, for a daemon that waits is no less alive than one that runs. */
  async #pause(ms: number): Promise<void> {
    this.#tell({ type: 'restarting' })
    if (this.#ending !== undefined) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
  }

  #finish(state: 'stopped' | 'failed'): void {
    const exit = this.#exit
    this.state = state
    this.#tell(exit === undefined ? { type: state } : { type: state, exit })
    this.feed.end()
    this.input.close()
    this.ready.reject(this.#failure())
    if (exit === undefined) this.stopped.reject(this.#failure())
    else this.stopped.resolve(exit)
  }

  #tell(event: Omit<DaemonEvent, 'at'>): void {
    this.feed.publish({ ...event, at: Date.now() })
  }
}

function nothing(): void {}
