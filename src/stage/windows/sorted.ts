// The first of all events in an order, of which never more are held.
import { invalidOption } from '../../errors.ts'
import { checkCallback, checkSource } from './options.ts'

/**
 * The first `count` events of a source that has an end, in order; those that compare alike as they came.
 *
 * @example
 * const largest = await takeSorted(files.events(), 10, (one, other) => other.size - one.size)
 */
export async function takeSorted<T>(
  source: AsyncIterable<T>,
  count: number,
  compare: (one: T, other: T) => number = ascending,
): Promise<T[]> {
  checkSource('source', source)
  checkCallback('compare', compare)
  if (!(Number.isSafeInteger(count) && count >= 1)) throw invalidOption('count', 'a number of events from 1', count)
  const first: T[] = []
  for await (const event of source) {
    const at = placeOf(event, first, compare)
    if (at === count) continue
    first.splice(at, 0, event)
    if (first.length > count) first.pop()
  }
  return first
}

/** Behind all that do not come after it. */
function placeOf<T>(event: T, sorted: readonly T[], compare: (one: T, other: T) => number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (compare(sorted[middle] as T, event) <= 0) from = middle + 1
    else to = middle
  }
  return from
}

function ascending(one: unknown, other: unknown): number {
  if ((one as number) < (other as number)) return -1
  return (one as number) > (other as number) ? 1 : 0
}
