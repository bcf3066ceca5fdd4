// Any sequence of operations comes to what the plain model says. SLUICEGATE_RUNS sets how many sequences.
import fc from 'fast-check'
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import type { SendPermit } from '../../src/channel/index.ts'
import { SluiceError } from '../../src/errors.ts'
import { turns } from '../helpers/wait-for.ts'
import { Model, type Setup } from './model.ts'

const RUNS = Number(process.env['SLUICEGATE_RUNS'] ?? 3000)

const size = fc.integer({ min: 0, max: 6 })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), size, once: fc.boolean(), signal: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('trySend' as const), size }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('receive' as const), once: fc.boolean(), signal: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tryReceive' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('receiveMany' as const),
      max: fc.integer({ min: 1, max: 5 }),
      less: fc.nat(4),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reserve' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('permitSend' as const), which: fc.nat(5), size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('permitRelease' as const), which: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('next' as const), which: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('return' as const), which: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), capacity: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const setup: fc.Arbitrary<Setup> = fc
  .record({
    capacity: fc.nat(4),
    overflow: fc.constantFrom('block', 'block', 'drop-newest', 'drop-oldest', 'error'),
    maxBytes: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
  })
  .map(({ capacity, overflow, maxBytes }) => ({
    capacity: overflow === 'drop-oldest' ? capacity + 1 : capacity,
    overflow,
    maxBytes,
  }))

function codeOf(error: unknown): string {
  return error instanceof SluiceError ? error.code : String(error)
}

/** Runs one sequence on a channel and on the model side by side. */
class Run {
  readonly #model: Model
  readonly #channel: Channel<number>
  readonly #setup: Setup
  readonly #sends: string[] = []
  readonly #receives: string[] = []
  readonly #dropped: string[] = []
  readonly #permits: { readonly id: number; permit: SendPermit<number> | undefined; left: number }[] = []
  readonly #aborts: { readonly id: number; readonly controller: AbortController }[] = []
  readonly #sizes = new Map<number, number>()
  readonly #iterators: { readonly real: AsyncIterator<number, undefined>; readonly model: { done: boolean } }[]
  #next = 0
  #promises = 0
  #held = 0

  constructor(given: Setup) {
    this.#setup = given
    this.#model = new Model(given)
    const { capacity, overflow, maxBytes } = given
    this.#channel = new Channel<number>({
      capacity,
      overflow,
      ...(maxBytes === undefined ? {} : { maxBytes, sizeOf: value => this.#sizes.get(value) ?? NaN }),
      onDrop: (value, reason) => this.#dropped.push(`${value} ${reason}`),
    })
    this.#iterators = [0, 1].map(() => ({ real: this.#channel[Symbol.asyncIterator](), model: { done: false } }))
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      this.#step(one)
      this.#compareLevels()
      if (one.do === 'flush') await this.#compareOutcomes()
    }
    this.#channel.cancel()
    this.#model.cancel()
    await this.#compareOutcomes()
    if (this.#sends.length + this.#receives.length !== this.#promises) throw new Error('an operation never settled')
  }

  #item(bytes: number): { value: number; size: number } {
    const value = this.#next
    this.#sizes.set(value, bytes)
    return { value, size: bytes }
  }

  #signal(id: number): { signal: AbortSignal } {
    const controller = new AbortController()
    this.#aborts.push({ id, controller })
    return { signal: controller.signal }
  }

  #noteSend(id: number, promise: Promise<unknown>): void {
    this.#promises++
    promise.then(
      () => this.#sends.push(`${id} ok`),
      (error: unknown) => this.#sends.push(`${id} ${codeOf(error)}`),
    )
  }

  #noteReceive(id: number, promise: Promise<IteratorResult<number, undefined> | number[]>): void {
    this.#promises++
    promise.then(
      got => {
        const values = Array.isArray(got) ? got : got.done === true ? [] : [got.value]
        this.#receives.push(`${id} ${values.length === 0 ? 'done' : values.join('+')}`)
      },
      (error: unknown) => this.#receives.push(`${id} ${codeOf(error)}`),
    )
  }

  #step(one: Step): void {
    const channel = this.#channel
    const model = this.#model
    switch (one.do) {
      case 'send': {
        const item = this.#item(one.size)
        const id = this.#next++
        const wait = { ...(one.once ? { timeout: 0 } : {}), ...(one.signal ? this.#signal(id) : {}) }
        this.#noteSend(id, one.once || one.signal ? channel.send(item.value, wait) : channel.send(item.value))
        return model.send(id, item, one.once)
      }
      case 'trySend': {
        const item = this.#item(one.size)
        this.#next++
        return same('trySend', channel.trySend(item.value), model.trySend(item))
      }
      case 'receive': {
        const id = this.#next++
        const wait = { ...(one.once ? { timeout: 0 } : {}), ...(one.signal ? this.#signal(id) : {}) }
        this.#noteReceive(id, one.once || one.signal ? channel.receive(wait) : channel.receive())
        return model.receive({ kind: 'one', id, max: 1, min: 1 }, one.once)
      }
      case 'tryReceive':
        return same('tryReceive', this.#tryReceive(), model.tryReceive())
      case 'receiveMany': {
        const id = this.#next++
        const min = Math.max(1, one.max - one.less)
        this.#noteReceive(id, channel.receiveMany(one.max, { min, ...this.#signal(id) }))
        return model.receive({ kind: 'many', id, max: one.max, min }, false)
      }
      case 'reserve': {
        const id = this.#next++
        const entry = { id, permit: undefined as SendPermit<number> | undefined, left: one.count }
        const promise = channel.reserve({ count: one.count, ...this.#signal(id) })
        promise.then(
          permit => void (entry.permit = permit),
          () => {},
        )
        this.#noteSend(id, promise)
        this.#permits.push(entry)
        return model.reserve(id, one.count)
      }
      case 'permitSend':
      case 'permitRelease':
        return this.#usePermit(one)
      case 'abort': {
        const [aborted] = this.#aborts.splice(one.which % Math.max(1, this.#aborts.length), 1)
        if (aborted === undefined) return
        aborted.controller.abort()
        return model.giveUp(aborted.id, 'ABORT_ERR')
      }
      case 'next': {
        const iterator = this.#iterators[one.which]!
        const id = this.#next++
        // One that has ended stands in no line: it answers at once.
        if (iterator.model.done) return void iterator.real.next()
        this.#noteReceive(id, iterator.real.next())
        return model.receive({ kind: 'one', id, max: 1, min: 1, iterator: iterator.model }, false)
      }
      case 'return': {
        const iterator = this.#iterators[one.which]!
        void iterator.real.return?.()
        return model.leave(iterator.model)
      }
      case 'resize': {
        const capacity = this.#setup.overflow === 'drop-oldest' ? one.capacity + 1 : one.capacity
        channel.resize(capacity)
        return model.resize(capacity)
      }
      case 'close':
        channel.close(one.fails ? 'broken' : undefined)
        return model.close(one.fails ? 'broken' : undefined)
      case 'cancel':
        channel.cancel()
        return model.cancel()
      case 'flush':
    }
  }

  #usePermit(one: Extract<Step, { do: 'permitSend' | 'permitRelease' }>): void {
    const usable = this.#permits.filter(({ permit, left }) => permit !== undefined && left > 0)
    const chosen = usable[one.which % Math.max(1, usable.length)]
    if (chosen === undefined) return
    if (one.do === 'permitRelease') {
      chosen.permit?.release()
      this.#model.permitRelease(chosen.left)
      chosen.left = 0
      return
    }
    const item = this.#item(one.size)
    let real = 'ok'
    try {
      chosen.permit?.send(item.value)
    } catch (error) {
      real = codeOf(error)
    }
    const said = this.#model.permitSend(item)
    if (said === 'ok') chosen.left -= 1
    this.#next++
    same('permit', real, said)
  }

  #tryReceive(): string {
    try {
      const got = this.#channel.tryReceive()
      if (got === undefined) return 'nothing'
      return got.done === true ? 'done' : String(got.value)
    } catch (error) {
      return codeOf(error)
    }
  }

  #compareLevels(): void {
    const { length, capacity, heldBytes, waitingSenders, waitingReceivers, sent, received, dropped } =
      this.#channel.metrics()
    const model = this.#model
    same('length', length, model.items.length)
    same('capacity', capacity, model.capacity)
    if (this.#setup.maxBytes !== undefined) same('bytes', heldBytes, model.bytes)
    same('waiting senders', waitingSenders, model.senders.length)
    same('waiting receivers', waitingReceivers, model.receivers.length)
    same('dropped', dropped, model.dropped.length)
    same('isClosed', this.#channel.isClosed, model.state !== 'open')
    const evicted = model.dropped.filter(drop => !drop.endsWith('newest')).length
    same('what came in and what went out', sent, received + evicted + length)
    // Only a smaller capacity leaves more than may be, and then it only shrinks.
    const held = length + model.reserved
    if (held > capacity && held > this.#held) throw new Error('more is held than may be')
    this.#held = held
  }

  /** In order: sends among sends, receives among receives. */
  async #compareOutcomes(): Promise<void> {
    await turns(2)
    same('dropped', this.#dropped.join(), this.#model.dropped.join())
    same('receives', this.#receives.join(), this.#model.receives.join())
    same('sends', this.#sends.join(), this.#model.sends.join())
  }
}

function same(what: string, real: unknown, said: unknown): void {
  if (real !== said) throw new Error(`${what}: ${String(real)}, and the model says ${String(said)}`)
}

test('whatever is done in whatever order, nothing is lost, doubled, reordered, held over the bound or left unsettled', async t => {
  await fc.assert(
    fc.asyncProperty(setup, fc.array(step, { maxLength: 40 }), async (given, steps) => {
      await new Run(given).all(steps)
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})
