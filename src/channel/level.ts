// Who wants to know how full a channel or a queue is, without asking again and again.
import { invalidOption } from '../errors.ts'
import { Channel } from './channel.ts'
import { WorkQueue } from './work-queue.ts'

/** What has a level. */
// oxlint-disable-next-line typescript/no-explicit-any -- of whatever items and results
export type LevelSource = Channel<any> | WorkQueue<any, any>

/**
 * Calls back after each change of how many items a channel holds, or how many jobs of a queue wait, with that as part of its capacity. The
 * callback runs in the middle of the operation, so it must be quick, must not throw, and must leave the source alone.
 *
 * @example
 * using level = onLevel(channel, ratio => gauge.set(ratio))
 */
export function onLevel(source: LevelSource, listener: (ratio: number) => void): Disposable {
  if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
  const [hooks, level] = hooksOf(source)
  const before = hooks.onChange
  let isListening = true
  hooks.onChange = () => {
    before?.()
    if (isListening) listener(level())
  }
  const own = hooks.onChange
  return {
    [Symbol.dispose]: () => {
      isListening = false
      // Whoever came later calls this one; then it stays, and does nothing.
      if (hooks.onChange === own) hooks.onChange = before
    },
  }
}

type Hooks = { onChange: (() => void) | undefined }

function hooksOf(source: LevelSource): [hooks: Hooks, level: () => number] {
  if (Channel.is(source)) return [Channel.coreOf(source).held, () => part(source.length, source.capacity)]
  if (source instanceof WorkQueue) return [WorkQueue.lineOf(source), () => part(source.waiting, source.capacity)]
  throw invalidOption('source', 'a channel or a queue', source)
}

function part(count: number, whole: number): number {
  return count === 0 ? 0 : count / whole
}
