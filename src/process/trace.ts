// What one child tells to those who observe: it is listed while it lives, counted, and published where somebody subscribed.
import {
  childProcesses,
  liveChildren,
  NodeLikeChild,
  processError,
  processExit,
  processSpawn,
  totals,
  type ExitMessage,
  type LiveChild,
  type SpawnErrorMessage,
  type SpawnMessage,
} from '../observe/index.ts'
import type { Life } from './life.ts'
import { childMetrics } from './metrics.ts'
import { sentSignal } from './options/signals.ts'
import type { Exit, ProcessMetrics } from './types.ts'

export class Trace implements LiveChild {
  readonly #life: Life
  readonly #mirror: NodeLikeChild | undefined

  /** It has been asked for. */
  constructor(life: Life) {
    this.#life = life
    if (!childProcesses.hasSubscribers) return
    const { program, argv } = life.settings
    this.#mirror = new NodeLikeChild({
      spawnfile: program,
      spawnargs: argv.split('\0').slice(0, -1),
      signal: signal => life.signal(sentSignal(signal), false),
    })
    childProcesses.publish({ process: this.#mirror })
  }

  started(): void {
    const { pid, settings, uptimeMs } = this.#life
    totals.spawned += 1
    liveChildren.add(this)
    if (processSpawn.hasSubscribers) {
      processSpawn.publish({ pid, file: settings.file, durationMs: uptimeMs } satisfies SpawnMessage)
    }
    this.#mirror?.started(pid)
  }

  failed(error: Error): void {
    totals.failedStarts += 1
    if (processError.hasSubscribers) {
      processError.publish({ file: this.#life.settings.file, error } satisfies SpawnErrorMessage)
    }
    this.#mirror?.failed(error)
  }

  exited(exit: Exit): void {
    if (exit.ok) totals.exitedOk += 1
    else totals.exitedNotOk += 1
    liveChildren.delete(this)
    if (processExit.hasSubscribers) {
      const { pid, settings } = this.#life
      processExit.publish({ pid, file: settings.file, exit } satisfies ExitMessage)
    }
    this.#mirror?.exited(exit)
  }

  closed(): void {
    this.#mirror?.closed()
  }

  measure(): ProcessMetrics {
    return childMetrics(this.#life)
  }
}
