// `daemon`: a program that is kept running, as users see it.
import type { EventsOptions, Lagged } from '../../feed.ts'
import type { WaitOptions } from '../../wait.ts'
import type { Bytes } from '../byte-types.ts'
import { takeCall } from '../options/call.ts'
import type { Exit } from '../types.ts'
import { Incarnation } from './incarnation.ts'
import { daemonSettings, type DaemonSettings } from './options.ts'
import { Supervisor } from './supervisor.ts'
import type { Daemon, DaemonEvent, DaemonOptions } from './types.ts'

class SupervisedDaemon implements Daemon {
  readonly stdin: Daemon['stdin']
  readonly #supervisor: Supervisor

  constructor(settings: DaemonSettings) {
    const supervisor = new Supervisor(settings, () => new Incarnation(settings))
    this.#supervisor = supervisor
    this.stdin = {
      write: (chunk: string | Bytes, options?: WaitOptions): Promise<void> => supervisor.input.write(chunk, options),
    }
  }

  get pid(): number | undefined {
    return this.#supervisor.pid
  }

  get restarts(): number {
    return this.#supervisor.restarts
  }

  get state(): Daemon['state'] {
    return this.#supervisor.state
  }

  get ready(): Promise<void> {
    return this.#supervisor.ready.promise
  }

  get stopped(): Promise<Exit> {
    return this.#supervisor.stopped.promise
  }

  stop(): Promise<Exit> {
    return this.#supervisor.stop()
  }

  events(options?: EventsOptions): AsyncIterableIterator<DaemonEvent | Lagged, undefined> {
    return this.#supervisor.feed.listen(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // That it never started is told by `ready` and `stopped`; leaving a block must not tell it again.
    await this.stop().catch(() => {})
  }
}

/**
 * Keeps a program running: starts it now, and again when it ends as `restart` says, with growing pauses and no more often than `maxRestarts`
 * within `within`. Its lines go to `onLine`, which holds the child back for as long as it takes. `signal` stops it. Bad options throw; what can't
 * be started the first time is a failure of the daemon, told by `ready`.
 *
 * @example
 * await using server = daemon('postgres', ['-D', 'data'], { readyWhen: /ready to accept/, restart: 'on-failure' })
 * await server.ready
 */
export function daemon(file: string | URL, args?: readonly string[], options?: DaemonOptions): Daemon {
  const call = takeCall(args, options)
  return new SupervisedDaemon(daemonSettings(file, call.args, call.options))
}
