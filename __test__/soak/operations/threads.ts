// Operations on threads: a worker does what the soak does, and ends in any way at any moment.

import { Worker } from 'node:worker_threads'
import { aMoment, isOneOf, type Hold, type Operation } from '../scene.ts'

/** What a worker is told. */
export interface WorkerPlan {
  readonly seed: number
  readonly folder: string
  readonly holds: readonly Hold[]
  /** When it ends itself, in milliseconds, and by what; `plain` when nothing of it is left to do. */
  readonly end: 'plain' | 'exit' | 'throw' | 'never'
  readonly after: number
}

export const WORKER_THROWS = 'the worker throws'

export const worker: Operation = async scene => {
  const { draw, folder } = scene
  const end = draw.one(['plain', 'exit', 'throw', 'never', 'never'] as const)
  // What is held by nobody outlives its thread.
  const holds = scene.holds.filter(({ containment }) => containment !== 'none')
  const plan: WorkerPlan = { seed: draw.between(0, 2 ** 31), folder, holds, end, after: draw.between(0, 300) }
  const thread = new Worker(new URL('../worker.ts', import.meta.url), { workerData: plan })
  const failures: string[] = []
  thread.on('message', (message: { failure?: string }) => message.failure && failures.push(message.failure))
  thread.on('error', (error: Error) => failures.push(error.message))
  const exited = new Promise<number>(resolve => void thread.once('exit', resolve))
  const begun = new Promise<void>(resolve => void thread.once('message', () => resolve()))
  await Promise.race([begun, exited])
  if (end === 'never') {
    await aMoment(scene, 300)
    await thread.terminate()
  }
  const code = await exited
  const wrong = failures.filter(failure => failure !== WORKER_THROWS)
  if (wrong.length > 0) throw new Error(`in a worker: ${wrong.join('\n')}`)
  isOneOf(String(code), { plain: ['0'], exit: ['7'], throw: ['1'], never: ['1', '0'] }[end])
}
