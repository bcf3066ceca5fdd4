// A thread of the soak: does the same operations as the main thread until its own end, which may come in the middle of them.

import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { Lanes } from './lanes.ts'
import { ofAnyThread } from './operations/index.ts'
import { WORKER_THROWS, type WorkerPlan } from './operations/threads.ts'

const { seed, folder, holds, end, after } = workerData as WorkerPlan

function tell(message: { readonly failure?: string }): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker, not a window
  parentPort?.postMessage(message)
}

tell({})
const until = performance.now() + after
if (end === 'exit') setTimeout(() => process.exit(7), after)
if (end === 'throw') {
  setTimeout(() => {
    throw new Error(WORKER_THROWS)
  }, after)
}
const lanes = new Lanes({ seed, lanes: 4, folder, holds, operations: ofAnyThread })
await lanes
  .run(() => end === 'plain' && performance.now() >= until)
  .catch((error: unknown) => tell({ failure: inspect(error) }))
