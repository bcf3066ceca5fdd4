// What bounds a child's life from outside: its timeout and its AbortSignal. Says when; ending it is up to the listener.
import { onAbort } from '../abort.ts'
import { LONGEST_TIMER } from '../wait.ts'

export interface LifetimeLimits {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
}

/** Calls `end` at most once; the function given back takes every listener and timer away. */
export function limitLifetime(
  limits: LifetimeLimits,
  end: (why: 'timeout' | 'abort') => void,
  keepsAlive = false,
): () => void {
  const releases: (() => void)[] = []
  const release = (): void => {
    for (const one of releases.splice(0)) one()
  }
  const finish = (why: 'timeout' | 'abort'): void => {
    release()
    end(why)
  }
  if (limits.timeout !== Infinity) releases.push(startTimer(limits.timeout, () => finish('timeout'), keepsAlive))
  if (limits.signal) {
    const listener = onAbort(limits.signal, { handleEvent: () => finish('abort') })
    releases.push(() => listener.remove())
  }
  return release
}

/** A timer of any length. By default it keeps nothing alive: the child itself does that. */
export function startTimer(ms: number, fire: () => void, keepsAlive = false): () => void {
  const until = performance.now() + ms
  let timer = arm(ms)
  function arm(left: number): NodeJS.Timeout {
    const started = setTimeout(
      () => {
        const rest = until - performance.now()
        if (left > LONGEST_TIMER && rest > 0) timer = arm(rest)
        else fire()
      },
      Math.min(left, LONGEST_TIMER),
    )
    return keepsAlive ? started : started.unref()
  }
  return () => clearTimeout(timer)
}
