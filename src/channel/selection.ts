// The cases of one `select` while they wait: each stands in its channel's list, and the first that is served takes all others out.
import { channelPark } from '../observe/index.ts'
import { turn } from '../turn.ts'
import type { Guard } from '../wait.ts'
import type { ChannelCore } from './channel-core.ts'
import { ItemReceiving } from './receiving.ts'
import { ValueSending } from './sending.ts'
import { tellPark } from './trace.ts'

export type SelectCore = ChannelCore<unknown>
export interface ReceiveCase {
  readonly key: string
  readonly isSend: false
  readonly core: SelectCore
}
export interface SendCase {
  readonly key: string
  readonly isSend: true
  readonly core: SelectCore
  readonly value: unknown
  readonly size: number
}
export interface Chosen {
  readonly case: string
  readonly done: boolean
  readonly value: unknown
}

export class Selection {
  readonly promise: Promise<Chosen>
  guard: Guard | undefined = undefined
  readonly #waiting: (SelectReceive | SelectSend)[]
  readonly #onChosen: (one: ReceiveCase | SendCase) => void
  #resolve!: (chosen: Chosen) => void
  #reject!: (error: unknown) => void

  constructor(cases: readonly (ReceiveCase | SendCase)[], onChosen: (one: ReceiveCase | SendCase) => void) {
    this.#onChosen = onChosen
    this.promise = new Promise<Chosen>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#waiting = cases.map(one => (one.isSend ? new SelectSend(one, this) : new SelectReceive(one, this)))
    for (const waiting of this.#waiting) {
      if (waiting instanceof SelectSend) {
        waiting.core.senders.append(waiting)
        if (channelPark.hasSubscribers) tellPark(waiting.core)
      } else waiting.core.receivers.append(waiting)
    }
  }

  /** Takes every case out of its list. Before one of them happens, so that no other can. */
  leave(): void {
    this.guard?.disarm()
    for (const waiting of this.#waiting) {
      if (waiting instanceof SelectSend) waiting.core.dismissSender(waiting)
      else waiting.core.receivers.remove(waiting)
    }
  }

  /** One case has happened. Those who waited behind the others may go on. */
  chosen(one: ReceiveCase | SendCase, done: boolean, value: unknown): void {
    this.#onChosen(one)
    turn.soon(this.#resolve, { case: one.key, done, value })
    this.#settleAll()
  }

  giveUp(error: unknown): void {
    this.leave()
    turn.soon(this.#reject, error)
    this.#settleAll()
  }

  #settleAll(): void {
    for (const { core } of this.#waiting) core.settle()
  }
}

class SelectReceive extends ItemReceiving<unknown> {
  readonly #of: Selection
  readonly #case: ReceiveCase

  constructor(one: ReceiveCase, of: Selection) {
    super(one.core, of)
    this.#of = of
    this.#case = one
  }

  override leave(): void {
    this.#of.leave()
  }

  override deliver(value: unknown): void {
    this.#of.chosen(this.#case, false, value)
  }

  override end(): void {
    this.#of.leave()
    this.#of.chosen(this.#case, true, undefined)
  }

  override fail(error: unknown): void {
    this.#of.giveUp(error)
  }
}

class SelectSend extends ValueSending<unknown> {
  readonly #of: Selection
  readonly #case: SendCase

  constructor(one: SendCase, of: Selection) {
    super(one.core, one.value, one.size, of)
    this.#of = of
    this.#case = one
  }

  override leave(): void {
    this.#of.leave()
  }

  override accepted(): void {
    this.#of.chosen(this.#case, false, undefined)
  }

  override fail(error: unknown): void {
    this.#of.giveUp(error)
  }
}
