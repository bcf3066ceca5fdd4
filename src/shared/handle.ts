// Handles: plain values that name something shared to another thread.
import { randomUUID } from 'node:crypto'
import { invalidOption } from '../errors.ts'
import type { SharedHandle } from './types.ts'

export function newHandle<K extends 'channel' | 'semaphore'>(kind: K): SharedHandle<K, never> {
  return Object.freeze({ kind, id: randomUUID() })
}

/** The handle, without what others may have added to it. */
export function checkedHandle<K extends 'channel' | 'semaphore'>(kind: K, handle: unknown): SharedHandle<K, never> {
  if (handle === null || typeof handle !== 'object') throw invalidOption('handle', `the handle of a ${kind}`, handle)
  const { kind: given, id } = handle as Partial<SharedHandle>
  if (given !== kind) throw invalidOption('handle.kind', `'${kind}'`, given)
  if (typeof id !== 'string') throw invalidOption('handle.id', 'a string', id)
  return Object.freeze({ kind, id })
}
