// Rows that need root: elsewhere they are shown as skipped.

import type { TestFn } from 'ava'
import type { CensusTest } from './census.ts'

export const NOBODY = 65_534

/** `row` for root, a visible skip for everybody else. */
export function rootOnly(test: TestFn, row: CensusTest<unknown> = test.serial): CensusTest<unknown> {
  if (process.getuid?.() === 0) return row
  return (title, body) => {
    test.skip(`${title} (needs root)`, body)
  }
}
