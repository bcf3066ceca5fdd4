// `broadcast`: each branch gets every value.
import type { Branch } from './branch.ts'
import { Hub } from './hub.ts'
import { checkedBranches } from './options.ts'
import type { Step } from './step.ts'

export function broadcast<T>(step: Step<T>, count: number, name: string): readonly Branch<T>[] {
  return new Hub(step, checkedBranches(count), name, () => undefined).branches
}
