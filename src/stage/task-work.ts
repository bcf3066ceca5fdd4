// Starts a task for each event, and counts it as handled when it has ended: so demand bounds how many are alive, tries again included.
import { schedule, type Task } from './agenda.ts'
import type { Link } from './link.ts'
import { backoffDelay, triesAgain, type RetryOptions } from '../retry.ts'
import type { Ending } from './stage-errors.ts'
import { Line, type Entry, type LinkEnd, type Work } from './work.ts'

export interface TaskUser<I> {
  start(event: I): Promise<unknown>
  failed(error: unknown): void
  over(link: Link<I>, ending: Ending): void
  idle(): void
}

export class TaskWork<I> implements Work<I>, Task {
  isScheduled = false
  handled = 0
  readonly #user: TaskUser<I>
  readonly #retry: RetryOptions | undefined
  readonly #line = new Line<I>()
  readonly #tasks = new Set<Promise<void>>()
  // Tasks that wait for another try, and who gives up on them.
  readonly #delays = new Map<NodeJS.Timeout, () => void>()
  // Tasks of each link, and its end if that waits for them.
  readonly #alive = new Map<Link<I>, { tasks: number; ending?: Ending }>()

  constructor(user: TaskUser<I>, retry: RetryOptions | undefined) {
    this.#user = user
    this.#retry = retry
  }

  get isIdle(): boolean {
    return this.#alive.size === 0 && this.#line.first === undefined
  }

  get events(): number {
    return this.#line.events
  }

  add(entry: Entry<I>): void {
    this.#line.add(entry)
    schedule(this)
  }

  /** Events that wait, and those of which a task only waits for another try. */
  drop(): number {
    const delays = [...this.#delays]
    this.#delays.clear()
    for (const [timer, giveUp] of delays) {
      clearTimeout(timer)
      giveUp()
    }
    return this.#line.drop() + delays.length
  }

  run(): void {
    const entry = this.#line.first
    if (entry === undefined) return this.isIdle ? this.#user.idle() : undefined
    this.#line.shift()
    if ('reached' in entry) void Promise.all(this.#tasks).then(entry.reached)
    else if ('ending' in entry) this.#end(entry)
    else for (const event of entry.events) this.#start(entry.link, event)
    schedule(this)
  }

  #end({ link, ending }: LinkEnd<I>): void {
    const alive = this.#alive.get(link)
    if (alive === undefined) this.#user.over(link, ending)
    else alive.ending = ending
  }

  #start(link: Link<I>, event: I): void {
    const task = this.#live(link, event)
    this.#tasks.add(task)
    void task.then(() => this.#tasks.delete(task))
  }

  async #live(link: Link<I>, event: I): Promise<void> {
    const alive: { tasks: number; ending?: Ending } = this.#alive.get(link) ?? { tasks: 0 }
    alive.tasks += 1
    this.#alive.set(link, alive)
    try {
      await this.#attempt(event)
      this.handled += 1
    } catch (error) {
      this.#user.failed(error)
    }
    alive.tasks -= 1
    if (alive.tasks === 0) this.#alive.delete(link)
    if (alive.tasks === 0 && alive.ending !== undefined) this.#user.over(link, alive.ending)
    link.handled(1)
    schedule(this)
  }

  async #attempt(event: I): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#user.start(event)
        return
      } catch (error) {
        if (!triesAgain(this.#retry, error, attempt) || !(await this.#pause(attempt))) throw error
      }
    }
  }

  /** False when it is not to be tried again after all. */
  #pause(attempt: number): Promise<boolean> {
    return new Promise(resolve => {
      const timer = setTimeout(
        () => {
          this.#delays.delete(timer)
          resolve(true)
        },
        backoffDelay(this.#retry ?? {}, attempt),
      )
      this.#delays.set(timer, () => resolve(false))
    })
  }
}
