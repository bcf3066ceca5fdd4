// What every operation of the soak is given, and how it says that something was not as the model says.

import { strictEqual } from 'node:assert'
import { setTimeout as pause } from 'node:timers/promises'
import type { AnySubprocess, Exit, ProcessOptions, Semaphore } from '../../index.ts'
import type { Draw } from './draw.ts'

export interface Scene {
  readonly draw: Draw
  /** A folder of this process for files. */
  readonly folder: string
  /** The ways to hold a child that the operations of this thread may choose from. */
  readonly holds: readonly Hold[]
  /** Shared by all operations of this thread. */
  readonly limiter: Semaphore
}

/** Does something, compares all that can be seen with what it must be, and leaves nothing. Throws if that fails. */
export type Operation = (scene: Scene) => Promise<void>

export type Hold = Pick<ProcessOptions, 'containment' | 'cgroup'>

/** Any way to hold a child. */
export function anyHold({ draw, holds }: Scene): Hold {
  return draw.one(holds)
}

/** One that finds every descendant again. */
export function firmHold({ draw, holds }: Scene): Hold {
  return draw.one(holds.filter(({ containment }) => containment === undefined || containment === 'tree'))
}

/** Between nothing and `most` milliseconds, more often short than long. */
export async function aMoment({ draw }: Scene, most = 20): Promise<void> {
  const time = draw.size(most)
  if (time > 0) await pause(time)
  else await new Promise<void>(resolve => void setImmediate(resolve))
}

/** The child ended by itself, and everything about it says the same. */
export async function endsWith(child: AnySubprocess, exitCode: number): Promise<void> {
  const closed = await child.closed
  const { exitCode: code, signal, lost, timedOut, isCanceled } = closed
  strictEqual(
    `${code} ${signal} ${lost} ${timedOut} ${isCanceled} ${closed.ok}`,
    `${exitCode} null false false false ${exitCode === 0}`,
  )
  strictEqual(await child.closed, closed)
  strictEqual((await child.exited).exitCode, exitCode)
  strictEqual(child.exit?.exitCode, exitCode)
  strictEqual(child.kill(), false)
}

/** How an end looks in one word. */
export function describeExit({ exitCode, signal, lost, timedOut, isCanceled }: Exit): string {
  if (lost) return 'lost'
  const how = signal === null ? `exit ${exitCode}` : `signal ${signal}`
  return `${how}${timedOut ? ' timed out' : ''}${isCanceled ? ' canceled' : ''}`
}

/** Throws unless what happened is one of what may happen. */
export function isOneOf(happened: string, allowed: readonly string[]): void {
  if (!allowed.includes(happened)) throw new Error(`${happened}, which is none of: ${allowed.join(', ')}`)
}

/** The code an operation rejects with; 'fulfilled' if it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'fulfilled',
    (error: { code?: string; message?: string }) => error.code ?? String(error.message),
  )
}
