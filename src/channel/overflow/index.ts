// The policies of overflow.
export { block } from './block.ts'
export { dropNewest } from './drop-newest.ts'
export { dropOldest } from './drop-oldest.ts'
export { error } from './error.ts'
export type { Full, OverflowPolicy, Verdict } from './policy.ts'
