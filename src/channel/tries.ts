// The operations that answer at once.
import type { ChannelCore } from './channel-core.ts'
import { END, ItemReceiving, type Received } from './receiving.ts'

export function trySend<T>(core: ChannelCore<T>, value: T): 'sent' | 'full' | 'closed' | 'dropped' {
  const size = core.isOpen ? core.measure(value) : 0
  // `sizeOf` may have closed it.
  if (!core.isOpen) return 'closed'
  const verdict = core.offer(value, size)
  if (verdict === 'accept') return 'sent'
  return verdict === 'drop' ? 'dropped' : 'full'
}

export function tryReceive<T>(core: ChannelCore<T>): Received<T> | undefined {
  if (core.receivers.first !== undefined) return probe(core)
  if (core.hasItemFor(undefined)) {
    const value = core.take(undefined)
    if (!core.isOpen) core.settle()
    return { value, done: false }
  }
  if (!core.isOver) return undefined
  if (core.hasFailed) throw core.cause
  return END
}

/** Waiting receivers come first. Only cases of a `select` can wait beside a sender that they are no partners of: the list decides. */
function probe<T>(core: ChannelCore<T>): Received<T> | undefined {
  const receive = new Probe(core)
  core.receivers.append(receive)
  core.settle()
  core.receivers.remove(receive)
  return receive.received
}

class Probe<T> extends ItemReceiving<T> {
  received: Received<T> | undefined

  override leave(): void {
    this.core.receivers.remove(this)
  }

  override deliver(value: T): void {
    this.received = { value, done: false }
  }

  override end(): void {
    this.received = END
  }

  override fail(error: unknown): never {
    throw error
  }
}
