// All operations by name.

import type { Operation } from '../scene.ts'
import * as bytes from './bytes.ts'
import * as daemons from './daemons.ts'
import { detached } from './detached.ts'
import * as ends from './ends.ts'
import * as forgotten from './forgotten.ts'
import * as terminals from './terminals.ts'
import { worker } from './threads.ts'
import * as wiring from './wiring.ts'

type Named = readonly [name: string, operation: Operation]

/** What a worker does too. */
export const ofAnyThread: readonly Named[] = Object.entries({
  ...bytes,
  ...daemons,
  ...ends,
  ...forgotten,
  ...terminals,
  ...wiring,
})

/** A worker costs as much as a hundred children, and what is detached would outlive one. */
const OFTEN = 20
export const ofMainThread: readonly Named[] = [
  ...Array.from({ length: OFTEN }, () => [...ofAnyThread, ['detached', detached] as const]).flat(),
  ['worker', worker],
]
