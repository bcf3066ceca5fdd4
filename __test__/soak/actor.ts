// The process that the soak is about: for each message runs operations for a while, lets all come to an end, collects its garbage, and reports.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { Lanes } from './lanes.ts'
import { ofMainThread } from './operations/index.ts'
import type { Hold } from './scene.ts'

export interface Round {
  /** None: it was the last one. */
  readonly milliseconds: number
}

export interface RoundReport {
  readonly operations: number
  readonly heapBytes: number
  readonly failure?: string
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    cgroup: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
})

const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-soak-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const { only, cgroup, seed } = values
const holds: Hold[] = [{ containment: 'tree' }, { containment: 'group' }, { containment: 'none' }]
if (cgroup !== undefined) holds.push({ cgroup })
const lanes = new Lanes({
  seed: Number(seed),
  lanes: 8,
  folder,
  holds,
  operations: only ? ofMainThread.filter(([name]) => only.includes(name)) : ofMainThread,
})

/** Finalizers run in a later turn than the collection that found their objects, and may free more. */
async function collectGarbage(): Promise<void> {
  for (let passes = 0; passes < 5; passes++) {
    gc?.()
    await new Promise<void>(resolve => void setImmediate(resolve))
  }
}

function fail(why: unknown): void {
  process.send?.({ operations: lanes.begun, heapBytes: 0, failure: inspect(why, { depth: 5 }) } satisfies RoundReport)
}

process.on('unhandledRejection', fail)
process.on('uncaughtException', fail)
process.on('warning', warning => {
  if (warning.name !== 'ExperimentalWarning') fail(warning)
})
process.on('message', ({ milliseconds }: Round) => {
  if (milliseconds === 0) {
    process.disconnect?.()
    return
  }
  const until = performance.now() + milliseconds
  lanes
    .run(() => performance.now() >= until)
    .then(collectGarbage)
    .then(
      () =>
        process.send?.({
          operations: lanes.begun,
          heapBytes: process.memoryUsage().heapUsed,
        } satisfies RoundReport),
      fail,
    )
})
