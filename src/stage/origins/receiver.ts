// Events from a channel: what is not asked for stays there, and so does the channel when nobody asks any more.
import type { Receiver } from '../../channel/index.ts'
import type { Origin, Pulled } from './origin.ts'

export class ReceiverOrigin<O> implements Origin<O> {
  readonly isPatient = false
  readonly #receiver: Receiver<O>
  #waiting: AbortController | undefined
  #isClosed = false

  constructor(receiver: Receiver<O>) {
    this.#receiver = receiver
  }

  async pull(count: number): Promise<Pulled<O>> {
    if (this.#isClosed) return null
    const controller = new AbortController()
    this.#waiting = controller
    try {
      const events = await this.#receiver.receiveMany(count, { signal: controller.signal })
      return events.length === 0 ? null : events
    } catch (error) {
      if (this.#isClosed && controller.signal.aborted) return null
      throw error
    } finally {
      this.#waiting = undefined
    }
  }

  close(): readonly O[] {
    this.#isClosed = true
    this.#waiting?.abort()
    return []
  }
}
