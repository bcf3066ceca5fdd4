// A child of ours in the shape of Node's ChildProcess, for those who subscribe to Node's own channel `child_process`. It tells and can signal; its streams are not there.
import { channel, type Channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { Exit, Signal } from '../process/types.ts'

/** Node publishes `{ process }` here for each ChildProcess that is made, before it is started. */
export const childProcesses: Channel = channel('child_process')

/** What is told of a child that is only asked for yet. */
export interface ObservedChild {
  readonly spawnfile: string
  readonly spawnargs: readonly string[]
  signal(signal: Signal): boolean
}

/**
 * Emits 'spawn', 'exit', 'close' and 'error' as Node's does. Not a stream is there, and it is no instance of Node's class: what reads the output of
 * other people's children would take it away from them.
 */
export class NodeLikeChild extends EventEmitter {
  pid: number | undefined
  exitCode: number | null = null
  signalCode: NodeJS.Signals | number | null = null
  killed = false
  readonly connected = false
  readonly spawnfile: string
  readonly spawnargs: readonly string[]
  readonly stdin = null
  readonly stdout = null
  readonly stderr = null
  readonly stdio: readonly null[] = [null, null, null]
  readonly #child: ObservedChild

  constructor(child: ObservedChild) {
    super()
    this.#child = child
    this.spawnfile = child.spawnfile
    this.spawnargs = child.spawnargs
  }

  kill(signal: Signal = 'SIGTERM'): boolean {
    const isSent = this.#child.signal(signal)
    if (isSent && signal !== 0) this.killed = true
    return isSent
  }

  /** It keeps nothing alive: that is up to its owner. */
  ref(): void {}

  unref(): void {}

  started(pid: number): void {
    this.#soon(() => {
      this.pid = pid
      this.emit('spawn')
    })
  }

  failed(error: Error & { readonly errno?: number }): void {
    this.#soon(() => {
      this.exitCode = error.errno ?? -1
      // Without a listener this event is an exception, and whoever asked for the child is told anyway.
      if (this.listenerCount('error') > 0) this.emit('error', error)
      this.emit('close', this.exitCode, null)
    })
  }

  exited({ exitCode, signal }: Exit): void {
    this.#soon(() => {
      this.exitCode = exitCode
      this.signalCode = signal
      this.emit('exit', exitCode, signal)
    })
  }

  closed(): void {
    this.#soon(() => this.emit('close', this.exitCode, this.signalCode))
  }

  /** From the next tick, where what a listener throws is its own matter. */
  #soon(tell: () => void): void {
    process.nextTick(tell)
  }
}
