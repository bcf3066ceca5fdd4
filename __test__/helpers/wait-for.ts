// Waits until a state is there, by looking. The one place of the tests that may use a timer.

import { setTimeout as pause } from 'node:timers/promises'

export interface WaitForOptions {
  /** Milliseconds after which it throws. */
  readonly deadline?: number
  /** Milliseconds between two looks. */
  readonly interval?: number
  /** Told in the error; a function is asked at the deadline. */
  readonly what?: string | (() => string)
}

/** Resolves with the first value that is neither false, null nor undefined. */
export async function waitFor<T>(
  look: () => T | Promise<T>,
  { deadline = 2000, interval = 5, what = 'the condition' }: WaitForOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const until = performance.now() + deadline
  for (;;) {
    const found = await look()
    if (found !== false && found !== null && found !== undefined) return found as Exclude<T, false | null | undefined>
    if (performance.now() >= until) {
      throw new Error(`after ${deadline} ms still waiting for ${typeof what === 'string' ? what : what()}`)
    }
    await pause(interval)
  }
}

/** Looks again and again for the whole time and throws as soon as the state is not there: for what must not change. */
export async function staysTrue(look: () => boolean, milliseconds: number, what: string): Promise<void> {
  const until = performance.now() + milliseconds
  while (performance.now() < until) {
    if (!look()) throw new Error(`did not stay: ${what}`)
    await pause(5)
  }
}

/** Lets pending I/O callbacks and immediates of the event loop run, `turns` times. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(resolve => void setImmediate(resolve))
}
