// The intake of one child's native events: started or failed, then exited, then empty. Orders are passed on; what they mean is decided above.
import type { SluiceError } from '../errors.ts'
import {
  sendRequest,
  takeEvent,
  type Environment,
  type NativeChildEvent,
  type NativeSpawnRequest,
} from '../native/index.ts'
import type { Ladder } from './options/signals.ts'

export type StartedEvent = Extract<NativeChildEvent, { type: 'started' }>
export type FailedEvent = Extract<NativeChildEvent, { type: 'failed' }>
export type ExitedEvent = Extract<NativeChildEvent, { type: 'exited' }>

/** Who hears of a child. `started` or `failed` is called once; `exited` and `empty` once each after `started`. */
export interface ChildListener {
  started(event: StartedEvent): void
  /** Nothing was executed; an error when the native side itself is gone. */
  failed(event: FailedEvent | SluiceError): void
  stopped(): void
  /** Its guard is gone: its tree is being ended, and its output may end anywhere. */
  orphaned(): void
  exited(event: ExitedEvent): void
  /** Nothing of its tree is left. */
  empty(): void
}

const LOST: ExitedEvent = {
  type: 'exited',
  exitCode: -1,
  signal: 0,
  coreDumped: false,
  lost: true,
  maxRssBytes: 0,
  userCpuMs: 0,
  systemCpuMs: 0,
}

type Phase = 'starting' | 'running' | 'exited' | 'over'

export class Child {
  readonly environment: Environment
  readonly #id: number
  readonly #listener: ChildListener
  #phase: Phase = 'starting'

  constructor(environment: Environment, request: NativeSpawnRequest, listener: ChildListener) {
    this.environment = environment
    this.#listener = listener
    this.#id = sendRequest(environment.native, request)
    environment.addChild(this.#id, this)
  }

  get isOver(): boolean {
    return this.#phase === 'over'
  }

  /** False once there is nobody left to send it to. */
  signal(number: number, tree: boolean): boolean {
    return this.#phase !== 'over' && this.environment.native.signal(this.#id, number, tree)
  }

  terminate(ladder: Ladder): void {
    if (this.#phase !== 'over')
      this.environment.native.terminate(this.#id, ladder.killSignal, nativeTimeout(ladder.killTimeout))
  }

  /** Forgets a child that has not started; should it start all the same, it is killed natively. */
  cancel(): void {
    if (this.#phase !== 'starting') return
    this.environment.native.cancel(this.#id)
    this.#end()
  }

  /** The zombie may be reaped. */
  release(): void {
    this.environment.native.release(this.#id)
  }

  foreground(): void {
    if (this.#phase === 'running') this.environment.native.foreground(this.#id)
  }

  stderrTail(): Uint8Array {
    return this.environment.native.stderrTail(this.#id)
  }

  /** Nobody answers any more: its exit is lost, and so is everything after it. */
  abandon(): void {
    const phase = this.#phase
    this.#end()
    this.environment.native.abandon(this.#id)
    if (phase === 'running') this.#listener.exited(LOST)
    if (phase === 'running' || phase === 'exited') this.#listener.empty()
  }

  /** A wake-up: takes every event there is. */
  ready(): void {
    for (;;) {
      if (this.#phase === 'over') return
      const event = takeEvent(this.environment.native, this.#id)
      if (event === null) return
      this.#take(event)
    }
  }

  fail(error: SluiceError): void {
    if (this.#phase !== 'starting') return this.abandon()
    this.#end()
    this.#listener.failed(error)
  }

  #take(event: NativeChildEvent): void {
    switch (event.type) {
      case 'started':
        this.#phase = 'running'
        return this.#listener.started(event)
      case 'failed':
        this.#end()
        return this.#listener.failed(event)
      case 'stopped':
        return this.#listener.stopped()
      case 'orphaned':
        return this.#listener.orphaned()
      case 'exited':
        this.#phase = 'exited'
        return this.#listener.exited(event)
      case 'empty':
        this.#end()
        return this.#listener.empty()
    }
  }

  #end(): void {
    this.#phase = 'over'
    this.environment.removeChild(this.#id)
  }
}

function nativeTimeout(ms: number): number {
  return ms === Infinity ? -1 : ms
}
