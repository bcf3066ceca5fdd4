// Pairs of what two sources give, by key.
import { invalidOption } from '../../errors.ts'
import { Leaving } from './leaving.ts'
import { checkCallback, checkSource } from './options.ts'

/** Which pairs come: only whole ones, or those of one side, or of both, without a match too. */
export type JoinMode = 'inner' | 'left' | 'right' | 'outer'

/** How two sources are paired. */
export interface JoinOptions<L, R, O> {
  mode: JoinMode
  leftKey: (event: L) => unknown
  rightKey: (event: R) => unknown
  /** `undefined` stands for a match that is not there. */
  join: (left: L | undefined, right: R | undefined) => O
}

/**
 * Pairs the events of two sources that have an end, by their keys. The left one is read to its end and kept; the right one is read as pairs are
 * asked for. So the two may not wait for each other, as two loops over one broadcast do.
 *
 * @example
 * const priced = boundedJoin(products.events(), orders.events(), {
 *   mode: 'right',
 *   leftKey: ({ id }) => id,
 *   rightKey: ({ productId }) => productId,
 *   join: (product, order) => ({ ...order, product }),
 * })
 */
export function boundedJoin<L, R, O>(
  left: AsyncIterable<L>,
  right: AsyncIterable<R>,
  options: JoinOptions<L, R, O>,
): AsyncIterable<O> {
  checkSource('left', left)
  checkSource('right', right)
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  if (!['inner', 'left', 'right', 'outer'].includes(options.mode)) {
    throw invalidOption('mode', "'inner', 'left', 'right' or 'outer'", options.mode)
  }
  for (const name of ['leftKey', 'rightKey', 'join'] as const) checkCallback(name, options[name])
  return {
    [Symbol.asyncIterator]: () => {
      const sides = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()] as const
      return new Leaving(joined(...sides, options), sides)
    },
  }
}

interface Kept<L> {
  readonly event: L
  isPaired: boolean
}

async function* joined<L, R, O>(
  left: AsyncIterator<L>,
  right: AsyncIterator<R>,
  { mode, leftKey, rightKey, join }: JoinOptions<L, R, O>,
): AsyncGenerator<O, undefined> {
  const kept = new Map<unknown, Kept<L>[]>()
  for await (const event of through(left)) {
    const key = leftKey(event)
    const alike = kept.get(key)
    if (alike === undefined) kept.set(key, [{ event, isPaired: false }])
    else alike.push({ event, isPaired: false })
  }
  for await (const event of through(right)) {
    const alike = kept.get(rightKey(event)) ?? []
    if (alike.length === 0 && (mode === 'right' || mode === 'outer')) yield join(undefined, event)
    for (const one of alike) {
      one.isPaired = true
      yield join(one.event, event)
    }
  }
  if (mode !== 'left' && mode !== 'outer') return undefined
  for (const alike of kept.values()) {
    for (const { event, isPaired } of alike) if (!isPaired) yield join(event, undefined)
  }
  return undefined
}

function through<T>(iterator: AsyncIterator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterator }
}
