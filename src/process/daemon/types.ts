// The public words of a daemon: its options, its handle, its events.
import type { EventsOptions, Lagged } from '../../feed.ts'
import type { Backoff } from '../../retry.ts'
import type { Bytes, WaitOptions } from '../byte-types.ts'
import type { Exit, ProcessOptions } from '../types.ts'

/**
 * Options of a daemon's children, and of their restarts. stdin is a pipe unless something else is named. `input` has to be text or bytes, since each
 * child gets it anew. Without `onLine` and `readyWhen` an stdout that is not named is ignored, and with one of them a stderr that is not named is a
 * pipe too, so that lines come from both; its last 64 KiB are kept all the same.
 */
export interface DaemonOptions extends Omit<ProcessOptions, 'timeout'> {
  /** When a child that ended is followed by another: `'on-failure'` by default. */
  restart?: 'always' | 'on-failure' | 'never'
  /** How long to wait before a restart; it grows with the restarts that lie within `within`. */
  backoff?: Backoff
  /** Restarts within `within` at most: 5. One more is a failure of the daemon. */
  maxRestarts?: number
  /** In ms: 60000. */
  within?: number
  /**
   * Called for each line, one after the other for each stream; what it returns is waited for, which holds the child back. A line over 1 MiB comes in
   * pieces. What it throws is a process warning.
   */
  onLine?: (line: string, from: 'stdout' | 'stderr') => void | Promise<void>
  /** A child is ready when one of its lines matches. Without it, when it has been started. */
  readyWhen?: RegExp | ((line: string) => boolean)
}

/** A program that is kept running. Disposal is `stop()`, and does not reject. */
export interface Daemon extends AsyncDisposable {
  /** Of the child that runs now, if one does. */
  readonly pid: number | undefined
  /** How often a child was started after the first one. */
  readonly restarts: number
  /** `'stopped'` and `'failed'` are final. */
  readonly state: 'starting' | 'ready' | 'backoff' | 'stopped' | 'failed'
  /** The running child's. A write waits over a restart, and goes to the next child if the last one took nothing of it. */
  readonly stdin: { write(chunk: string | Bytes, options?: WaitOptions): Promise<void> }
  /** A child was ready for the first time. Rejects when there will be none, with the error of the start or of the last child. */
  readonly ready: Promise<void>
  /** It runs no more: the last child's exit. Rejects only when no child was ever started. */
  readonly stopped: Promise<Exit>
  /** Ends the child's tree, or the wait for a restart. Lines that came are still delivered, for `drainTimeout` at most. All calls share one end. */
  stop(): Promise<Exit>
  /** What happens from now on. 256 events (`capacity`) are kept for who is slow, then the oldest are dropped and a `Lagged` says how many. */
  events(options?: EventsOptions): AsyncIterable<DaemonEvent | Lagged>
}

/** One step in the life of a daemon. */
export interface DaemonEvent {
  readonly type: 'started' | 'ready' | 'exited' | 'restarting' | 'failed' | 'stopped'
  /** Milliseconds since 1970. */
  readonly at: number
  /** With 'started', 'ready' and 'exited'. */
  readonly pid?: number
  /** With 'exited'; with 'stopped' and 'failed' the last one, if there was any. */
  readonly exit?: Exit
}
