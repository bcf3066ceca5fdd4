// Messages of a stream from one sequence on, in order, in pages: a consumer on the server, and one pull at a time, made when a page is asked for.
// Whatever goes wrong with the consumer, another one takes over at the next sequence; the order rests on the sequences alone.
import type { Msg, Subscription } from '@nats-io/transport-node'
import type { SluiceError } from '../../errors.ts'
import { trimmed } from '../cluster-errors.ts'
import type { Connection } from './connection.ts'
import { Again, refusal } from './refusals.ts'

// What a consumer says instead of a message.
const IDLE = 100
const NOTHING = 404
const EXPIRED = 408
const REFUSED = 409

const NANOS = 1_000_000
const EXPIRES = 30_000
const HEARTBEAT = 15_000
// Nothing came for so long, not even a heartbeat: the consumer is gone. One that shall not wait must answer sooner.
const SILENCE = 40_000
const SHORT_SILENCE = 3000
// The server forgets a consumer that nobody pulls from for so long.
const FORGOTTEN = 60_000
// Bytes are the bound, not the number of messages.
const MANY = 1_000_000
const MOST_BYTES = 64 * 1024 * 1024
const MOST_FAILURES = 50

/** Makes of a message what a page shall have. */
export type Read<T> = (sequence: number, message: Msg) => T

export class Delivery<T extends { readonly sequence: number }> {
  readonly #connection: Connection
  readonly #stream: string
  readonly #read: Read<T>
  readonly #headersOnly: boolean
  #page: T[] = []
  // After the last one that was given, and after the last one in the page.
  #from = 0
  #next = 0
  #consumer: string | undefined
  #subscription: Subscription | undefined
  // What the consumer has sent by its own count: a gap there means that something was lost on the way.
  #delivered = 0
  #isPulling = false
  // The last pull brought nothing, because what is next is too large for it.
  #isTooLarge = false
  // Pulls that ended because there is nothing more.
  #dryPulls = 0
  // Answers in a row that the consumer is not to be had.
  #failures = 0
  #failure: SluiceError | undefined
  #wake: (() => void) | undefined
  #watchdog: NodeJS.Timeout | undefined
  #isOver = false
  readonly #lost = (): void => this.#reset()

  constructor(connection: Connection, stream: string, read: Read<T>, headersOnly = false) {
    this.#connection = connection
    this.#stream = stream
    this.#read = read
    this.#headersOnly = headersOnly
    connection.onLoss(this.#lost)
  }

  /** From `from` on, as much as takes `maxBytes` on the way, or one alone. If there is nothing, it waits, or gives nothing. */
  async take(from: number, maxBytes: number, waits: boolean): Promise<readonly T[]> {
    if (from !== this.#from) this.#goTo(from)
    const dryPulls = this.#dryPulls
    while (this.#page.length === 0 && !this.#isOver) {
      if (!waits && this.#dryPulls > dryPulls) break
      if (this.#consumer === undefined) await this.#consume()
      else if (this.#isPulling) await new Promise<void>(resolve => void (this.#wake = resolve))
      else this.#pull(maxBytes, waits)
      if (this.#failure !== undefined) throw this.#failure
    }
    const page = this.#page.splice(0)
    this.#from = (page.at(-1)?.sequence ?? from - 1) + 1
    return page
  }

  end(): void {
    this.#isOver = true
    this.#connection.forget(this.#lost)
    this.#reset()
  }

  #goTo(from: number): void {
    if (this.#from > 0) this.#reset()
    this.#page = []
    this.#from = from
    this.#next = from
  }

  async #consume(): Promise<void> {
    const { manager, nc, transport } = this.#connection
    let isPatient = this.#failures > 0
    const name = await this.#connection.call('Reading', async () => {
      if (isPatient) {
        isPatient = false
        throw new Again('the consumer is not to be had')
      }
      const { state } = await manager.streams.info(this.#stream)
      if (state.first_seq > this.#next && !this.#headersOnly) throw trimmed(this.#next, state.first_seq)
      const made = await manager.consumers.add(this.#stream, {
        ack_policy: 'none',
        deliver_policy: 'by_start_sequence',
        opt_start_seq: this.#next,
        headers_only: this.#headersOnly,
        inactive_threshold: FORGOTTEN * NANOS,
        mem_storage: true,
        num_replicas: 1,
      })
      return made.name
    })
    this.#consumer = name
    this.#delivered = 0
    if (this.#isOver) return this.#reset()
    const inbox = transport.createInbox()
    this.#subscription = nc.subscribe(inbox, {
      callback: (error, message) => {
        // What an earlier consumer still sends came to another inbox.
        this.#watchdog?.refresh()
        if (error !== null) this.#fail(refusal('Reading', error))
        else if (message.subject === inbox) this.#status(message)
        else this.#arrived(message)
      },
    })
  }

  #pull(maxBytes: number, waits: boolean): void {
    const bytes = Math.min(Math.max(1, Math.floor(maxBytes)), MOST_BYTES)
    const bounds = this.#isTooLarge ? { batch: 1 } : { batch: MANY, max_bytes: bytes }
    const times = waits ? { expires: EXPIRES * NANOS, idle_heartbeat: HEARTBEAT * NANOS } : { no_wait: true }
    this.#isPulling = true
    this.#watchdog = setTimeout(() => this.#reset(), waits ? SILENCE : SHORT_SILENCE)
    this.#connection.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#consumer}`,
      JSON.stringify({ ...bounds, ...times }),
      { reply: this.#subscription?.getSubject() ?? '' },
    )
  }

  #arrived(message: Msg): void {
    const [sequence, delivered] = placeOf(message.reply ?? '')
    if (delivered !== this.#delivered + 1) return this.#reset()
    this.#delivered = delivered
    this.#failures = 0
    this.#next = sequence + 1
    this.#page.push(this.#read(sequence, message))
    // One that was pulled alone has no other end.
    if (this.#isTooLarge) this.#pulled()
    this.#wakeUp()
  }

  #status({ headers }: Msg): void {
    const code = headers?.code
    if (code === IDLE) return void (this.#failures = 0)
    const text = headers?.description ?? ''
    if (code === NOTHING || code === EXPIRED) {
      this.#failures = 0
      this.#dryPulls += 1
      this.#pulled()
    } else if (code === REFUSED && /exceeds maxbytes|batch completed/iu.test(text)) {
      const isFirst = this.#page.length === 0
      this.#pulled()
      this.#isTooLarge = isFirst
    } else {
      this.#failures += 1
      if (this.#failures > MOST_FAILURES) return this.#fail(refusal('Reading', text === '' ? code : text))
      return this.#reset()
    }
    this.#wakeUp()
  }

  #pulled(): void {
    clearTimeout(this.#watchdog)
    this.#isPulling = false
    this.#isTooLarge = false
  }

  /** Another consumer goes on. */
  #reset(): void {
    this.#pulled()
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    const name = this.#consumer
    this.#consumer = undefined
    if (name !== undefined) this.#connection.leave(this.#stream, name)
    this.#wakeUp()
  }

  #fail(error: SluiceError): void {
    this.#failure = error
    this.#reset()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

/** The sequence in the stream and the count of the consumer, counted from the end that never changed. */
function placeOf(reply: string): readonly [number, number] {
  const words = reply.split('.')
  const at = words.length > 9 ? 7 : 5
  return [Number(words[at]), Number(words[at + 1])]
}
