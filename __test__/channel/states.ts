// What a promise has come to, without waiting for it.
import { SluiceError } from '../../src/errors.ts'
import { turns } from '../helpers/wait-for.ts'

/** 'pending', 'fulfilled', or the code or message it rejected with. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending'
  promise.then(
    () => (state = 'fulfilled'),
    (error: unknown) => (state = error instanceof SluiceError ? error.code : String(error)),
  )
  await turns(2)
  return state
}

export async function statesOf(promises: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.all(promises.map(stateOf))
}

/** The error a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<SluiceError & { readonly value?: unknown }> {
  try {
    await promise
  } catch (error) {
    return error as SluiceError
  }
  throw new Error('it was fulfilled')
}

/** What is in there, without waiting. */
export function taken<T>(channel: { tryReceive(): IteratorResult<T, undefined> | undefined }): T[] {
  const values: T[] = []
  for (let step = channel.tryReceive(); step?.done === false; step = channel.tryReceive()) values.push(step.value)
  return values
}
