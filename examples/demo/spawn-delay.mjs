// Two hundred children from each side, in turns, while a timer watches how long the event loop is kept waiting.
import childProcess from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { spawn } from 'sluicegate'
import { live, ms } from './screen.mjs'

const ROUNDS = 10
const AT_ONCE = 20

export const title = '200 spawns and the event loop, beside node:child_process'

class Side {
  constructor(name, start) {
    this.name = name
    this.start = start
    this.worst = []
    this.callsMs = 0
    this.failures = 0
    this.done = 0
  }

  /** Starts twenty in one turn of the event loop and waits for all of them. */
  async round() {
    // One for each round: between two it would measure the other side.
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    histogram.enable()
    await pause(5)
    const before = performance.now()
    const exits = Array.from({ length: AT_ONCE }, () => this.start())
    this.callsMs += performance.now() - before
    for (const code of await Promise.all(exits)) if (code !== 0) this.failures++
    await pause(5)
    histogram.disable()
    this.worst.push(histogram.max / 1e6)
    this.done += AT_ONCE
  }

  /** The longest wait of a round, in the median of the rounds: a single maximum would tell of the machine's other work. */
  get delayMs() {
    return this.worst.toSorted((a, b) => a - b)[this.worst.length >> 1] ?? 0
  }

  line() {
    return `${this.name}: ${this.done} started, loop delayed by up to ${ms(this.delayMs)} a round`
  }
}

const startOurs = async () => {
  const child = await spawn('true')
  return (await child.closed).exitCode
}
const startTheirs = async () => {
  const child = childProcess.spawn('true', { stdio: ['ignore', 'pipe', 'pipe'] })
  const [code] = await once(child, 'close')
  return code
}

export async function show() {
  const ours = new Side('sluicegate', startOurs)
  const theirs = new Side('child_process', startTheirs)
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of round % 2 ? [theirs, ours] : [ours, theirs]) {
      await side.round()
      live(`${ours.line()}; ${theirs.line()}`)
    }
  }
  const each = side => ms(side.callsMs / side.done)
  return [
    {
      claim: `${ROUNDS * AT_ONCE} children of each side ended with 0`,
      held: ours.failures + theirs.failures === 0,
      detail: `${ours.done} and ${theirs.done}`,
    },
    {
      claim: 'a spawn call takes less of the JavaScript thread',
      held: ours.callsMs < theirs.callsMs,
      detail: `${each(ours)} a call, child_process ${each(theirs)}`,
    },
    {
      claim: 'the event loop waits less',
      held: ours.delayMs < theirs.delayMs,
      detail: `up to ${ms(ours.delayMs)} in the median round, child_process ${ms(theirs.delayMs)}`,
    },
  ]
}
