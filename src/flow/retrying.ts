// Callbacks that are tried again. The value keeps its place meanwhile, and the end of the flow ends the wait.
import { setTimeout as pause } from 'node:timers/promises'
import { backoffDelay, triesAgain, type RetryOptions } from '../retry.ts'
import type { Callback } from './call-step.ts'
import type { FlowContext } from './context.ts'
import { isLater } from './outcome.ts'

/** Gives at once what a first try gives at once. */
export function retrying<T>(callback: Callback<T>, retry: RetryOptions): Callback<T> {
  const again = async (value: T, context: FlowContext, failure: unknown): Promise<unknown> => {
    let error = failure
    for (let attempt = 1; ; attempt++) {
      if (context.signal.aborted || !triesAgain(retry, error, attempt)) throw error
      await pause(backoffDelay(retry, attempt), undefined, { signal: context.signal })
      try {
        return await callback(value, context)
      } catch (thrown) {
        error = thrown
      }
    }
  }
  return (value, context) => {
    try {
      const given = callback(value, context)
      if (!isLater(given)) return given
      return Promise.resolve(given).catch((error: unknown) => again(value, context, error))
    } catch (error) {
      return again(value, context, error)
    }
  }
}
