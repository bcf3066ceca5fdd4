// The wait of a `stop()`: for the end it has begun, however that comes, for no longer than was said.
import { timeoutError } from '../errors.ts'
import { checkWait, Guard, rejected, triesOnce, type WaitOptions } from '../wait.ts'

/** What stops. */
export interface Stopping {
  /** Its end. */
  readonly done: Promise<void>
  /** Begins the end. True when it is over already. */
  readonly begin: () => boolean
  /** It takes too long. The stop has failed when this is done. */
  readonly force: (error: unknown) => void | Promise<void>
}

export function stopWithin(options: WaitOptions | undefined, { done, begin, force }: Stopping): Promise<void> {
  try {
    checkWait(options)
  } catch (error) {
    return rejected(error)
  }
  if (begin()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const giveUp = (error: unknown): void => {
      const forced = force(error)
      if (forced === undefined) reject(error)
      else void forced.then(() => reject(error))
    }
    if (triesOnce(options)) return giveUp(timeoutError('The stop', 0))
    const guard = Guard.of(options, 'The stop', giveUp)
    const ended = (): void => {
      guard?.disarm()
      resolve()
    }
    done.then(ended, ended)
  })
}
