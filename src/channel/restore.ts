// Giving back to a channel what was taken out of it and handed to nobody.
import type { ChannelCore } from './channel-core.ts'

/** These are the oldest again, and may exceed the capacity until they are taken. A channel that is over can't hold them: they are dropped. */
export function restore<T>(core: ChannelCore<T>, values: readonly T[]): void {
  if (values.length === 0) return
  if (core.isOver) return core.drops.report(values, 'canceled')
  const sizes = values.map(value => core.measure(value))
  for (let at = values.length - 1; at >= 0; at--) core.held.restore(values[at] as T, sizes[at] as number)
  core.settle()
}
