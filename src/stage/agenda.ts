// Whose turn it is: each stage does one step, then the next one, on account of the turn budget. So no stage ever calls into another's
// code from its own, however long a chain is, and none is called while it runs.
import { turn } from '../turn.ts'

export interface Task {
  isScheduled: boolean
  /** One step. Throws nothing. */
  run(): void
}

const SETTLED: Promise<void> = Promise.resolve()
let waiting: Task[] = []
let isActive = false

/** Lets it run after those that are scheduled already. */
export function schedule(task: Task): void {
  if (task.isScheduled) return
  task.isScheduled = true
  waiting.push(task)
  if (isActive) return
  isActive = true
  void SETTLED.then(work)
}

function work(): void {
  while (waiting.length > 0) {
    const round = waiting
    waiting = []
    for (let i = 0; i < round.length; i++) {
      const task = round[i] as Task
      task.isScheduled = false
      task.run()
      if (turn.charge(0)) continue
      waiting = [...round.slice(i + 1), ...waiting]
      turn.defer(work, undefined)
      return
    }
  }
  isActive = false
}
