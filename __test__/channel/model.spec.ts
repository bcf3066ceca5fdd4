// Any sequence of operations comes to what the plain model says. SLUICEGATE_RUNS sets how many sequences.
import fc from 'fast-check'
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { Model, type Setup } from './model.ts'
import { Aborts, capacityFor, codeOf, type Made, operations, Permits, same, setups, tryReceive } from './model-steps.ts'

const RUNS = Number(process.env['SLUICEGATE_RUNS'] ?? 3000)

const step = fc.oneof(
  ...operations(1, fc.integer({ min: 0, max: 6 })),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('next' as const), which: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('return' as const), which: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), capacity: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Runs one sequence on a channel and on the model side by side. */
class Run {
  readonly #model: Model
  readonly #channel: Channel<number>
  readonly #setup: Setup
  readonly #sends: string[] = []
  readonly #receives: string[] = []
  readonly #dropped: string[] = []
  readonly #permits = new Permits<number>()
  readonly #aborts = new Aborts()
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

  #item(size: number): Made<number> {
    const value = this.#next++
    this.#sizes.set(value, size)
    return { value, item: { value, size } }
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
        const { value, item } = this.#item(one.size)
        const wait = this.#aborts.wait(value, one.once, one.signal)
        this.#noteSend(value, one.once || one.signal ? channel.send(value, wait) : channel.send(value))
        return model.send(value, item, one.once)
      }
      case 'trySend': {
        const { value, item } = this.#item(one.size)
        return same('trySend', channel.trySend(value), model.trySend(item))
      }
      case 'receive': {
        const id = this.#next++
        const wait = this.#aborts.wait(id, one.once, one.signal)
        this.#noteReceive(id, one.once || one.signal ? channel.receive(wait) : channel.receive())
        return model.receive({ kind: 'one', id, max: 1, min: 1 }, one.once)
      }
      case 'tryReceive':
        return same('tryReceive', tryReceive(channel), model.tryReceive())
      case 'receiveMany': {
        const id = this.#next++
        const min = Math.max(1, one.max - one.less)
        this.#noteReceive(id, channel.receiveMany(one.max, { min, ...this.#aborts.signal(id) }))
        return model.receive({ kind: 'many', id, max: one.max, min }, false)
      }
      case 'reserve': {
        const id = this.#next++
        const promise = channel.reserve({ count: one.count, ...this.#aborts.signal(id) })
        promise.then(this.#permits.reserve(one.count), () => {})
        this.#noteSend(id, promise)
        return model.reserve(id, one.count)
      }
      case 'permitSend':
      case 'permitRelease':
        return this.#permits.use(one, model, size => this.#item(size))
      case 'abort':
        return this.#aborts.abort(one.which, model)
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
        const capacity = capacityFor(this.#setup.overflow, one.capacity)
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

test('whatever is done in whatever order, nothing is lost, doubled, reordered, held over the bound or left unsettled', async t => {
  await fc.assert(
    fc.asyncProperty(
      setups(fc.integer({ min: 1, max: 10 })),
      fc.array(step, { maxLength: 40 }),
      async (given, steps) => {
        await new Run(given).all(steps)
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})
