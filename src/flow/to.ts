// `to`: the end of a flow that gives its values to a target, at the target's pace.
import { sinkFor, type Sink } from '../sinks/index.ts'
import { rejected, type WaitOptions } from '../wait.ts'
import { Drain } from './drain.ts'
import { checkedFlag, checkedObject } from './options.ts'
import type { Step } from './step.ts'

/** How a target is given its values. */
export type ToOptions = WaitOptions & {
  /** False by default: the target is closed at the end, and made to fail by a failure. */
  preventClose?: boolean
}

export function deliver<T>(step: Step<T>, target: unknown, options: ToOptions | undefined): Promise<void> {
  try {
    const { preventClose = false } = checkedObject(options)
    checkedFlag('preventClose', preventClose)
    return transfer(step, sinkFor<T>(target), options, preventClose)
  } catch (error) {
    return rejected(error)
  }
}

async function transfer<T>(
  step: Step<T>,
  sink: Sink<T>,
  options: ToOptions | undefined,
  preventClose: boolean,
): Promise<void> {
  const controller = new AbortController()
  const wait = { signal: controller.signal }
  const drain = new Drain<T>(step, value => sink.pass(value, wait), 1, {
    finish: async () => {
      if (!preventClose) await sink.close()
    },
    giveUp: error => {
      controller.abort(error)
      if (!preventClose) sink.abort(error)
    },
  })
  sink.watch(error => drain.fail(error))
  try {
    await drain.begin(options, 'to')
  } finally {
    sink.detach()
  }
}
