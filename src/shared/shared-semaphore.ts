// The public semaphore between threads. Who gets permits when is decided natively; every instance is one thread's part.
import type { Permit } from '../channel/index.ts'
import { invalidOption, SluiceError, timeoutError } from '../errors.ts'
import { environment, type NativeSemaphore } from '../native/index.ts'
import { ready, refused } from '../ready.ts'
import { checkWait, triesOnce, type WaitOptions } from '../wait.ts'
import { checkedHandle, newHandle } from './handle.ts'
import type { SharedHandle } from './types.ts'
import { Wait, WaitRoom } from './waits.ts'

const MOST = 2 ** 32 - 1

interface Part {
  readonly native: NativeSemaphore
  readonly room: WaitRoom
  readonly total: number
}

/**
 * Weighted permits for all threads of the process, strictly first in, first out. It lives while an instance does; disposal, or the end of a
 * thread, gives back what that thread's instance holds and ends its waits.
 *
 * @example
 * const connections = new SharedSemaphore(10)
 * new Worker('./worker.js', { workerData: connections.handle }) // there: SharedSemaphore.from(workerData)
 * using permit = await connections.acquire({ timeout: 1000 })
 */
export class SharedSemaphore implements AsyncDisposable {
  readonly handle: SharedHandle<'semaphore'>
  readonly #part: Part

  constructor(permits: number)
  /** @internal */
  constructor(permits: undefined, handle: SharedHandle<'semaphore'>)
  constructor(permits: number | undefined, handle?: SharedHandle<'semaphore'>) {
    this.handle = handle ?? newHandle('semaphore')
    this.#part = handle === undefined ? opened(this.handle.id, permits) : joined(handle.id)
  }

  /** Joins the semaphore that a handle names. Throws ERR_SEMAPHORE_CLOSED when no instance of it is left. */
  static from(handle: SharedHandle<'semaphore'>): SharedSemaphore {
    return new SharedSemaphore(undefined, checkedHandle('semaphore', handle))
  }

  /** Permits that could be had now; none that were given to somebody who waits. */
  get available(): number {
    return this.#part.room.hasLeft ? 0 : this.#part.native.available()
  }

  /** Waits for its turn and for enough permits. Asking for more than there are in all is ERR_INVALID_OPTION. */
  acquire(options?: WaitOptions & { permits?: number }): Promise<Permit> {
    const part = this.#part
    try {
      checkWait(options)
      const permits = asked(part, options)
      if (part.room.hasLeft) throw detached()
      const once = triesOnce(options)
      const wait = part.room.numberFor(!once)
      if (once ? part.native.tryAcquire(permits) : part.native.acquire(wait, permits)) {
        return ready<Permit>(new Grant(part, permits))
      }
      if (once) throw timeoutError('acquire', 0)
      return new AcquireWait(part, permits).bound(options, 'acquire')
    } catch (error) {
      return refused(error)
    }
  }

  /** Undefined when there are not enough, and when somebody waits. */
  tryAcquire(options?: { permits?: number }): Permit | undefined {
    const part = this.#part
    const permits = asked(part, options)
    return !part.room.hasLeft && part.native.tryAcquire(permits) ? new Grant(part, permits) : undefined
  }

  /** Detaches this instance: gives back what it holds, and rejects its waits with ERR_SEMAPHORE_CLOSED. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#part.room.leave()
  }
}

class AcquireWait extends Wait<Permit> {
  readonly #part: Part
  readonly #permits: number

  constructor(part: Part, permits: number) {
    super(part.room, true)
    this.#part = part
    this.#permits = permits
  }

  override look(): void {
    if (this.#part.native.isGranted(this.number)) this.resolve(new Grant(this.#part, this.#permits))
  }

  override left(): void {
    this.reject(detached())
  }
}

class Grant implements Permit {
  readonly permits: number
  #part: Part | undefined

  constructor(part: Part, permits: number) {
    this.permits = permits
    this.#part = part
  }

  release(): void {
    const part = this.#part
    this.#part = undefined
    part?.native.release(this.permits)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

function opened(id: string, permits: unknown): Part {
  if (!(typeof permits === 'number' && Number.isInteger(permits) && permits >= 1 && permits <= MOST)) {
    throw invalidOption('permits', `a whole number from 1 to ${MOST}`, permits)
  }
  const host = environment()
  const native = host.native.openSemaphore(id, permits)
  return { native, room: new WaitRoom(host, native), total: permits }
}

function joined(id: string): Part {
  const host = environment()
  const native = host.native.joinSemaphore(id)
  if (native === null) throw new SluiceError('ERR_SEMAPHORE_CLOSED', 'no instance of that semaphore is left')
  return { native, room: new WaitRoom(host, native), total: native.total() }
}

function asked({ total }: Part, options: { permits?: number } | undefined): number {
  const { permits = 1 } = options ?? {}
  if (!(Number.isInteger(permits) && permits >= 0)) {
    throw invalidOption('permits', 'an integer that is not negative', permits)
  }
  if (permits > total) throw invalidOption('permits', `at most ${total}, which is all there are`, permits)
  return permits
}

function detached(): SluiceError {
  return new SluiceError('ERR_SEMAPHORE_CLOSED', 'this instance of the semaphore was disposed of')
}
