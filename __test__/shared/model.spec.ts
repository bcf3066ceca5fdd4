// Any sequence of operations on several instances comes to what the plain model says. SLUICEGATE_RUNS sets how many sequences.
import fc from 'fast-check'
import test from 'ava'
import { SharedChannel, SharedSemaphore } from '../../src/shared/index.ts'
import type { Permit } from '../../src/channel/index.ts'
import { Model, type Setup } from '../channel/model.ts'
import { Aborts, codeOf, type Made, operations, Permits, same, setups, tryReceive } from '../channel/model-steps.ts'
import { turns } from '../helpers/wait-for.ts'

const RUNS = Number(process.env['SLUICEGATE_RUNS'] ?? 500)
const INSTANCES = 3
/** Turns of the event loop that an outcome may take to come through the other thread. */
const LONGEST = 10_000

const at = fc.nat(INSTANCES - 1)
const step = fc.oneof(...operations(INSTANCES, fc.integer({ min: 4, max: 9 })), {
  weight: 3,
  arbitrary: fc.record({ do: fc.constant('flush' as const) }),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Outcomes by their number: between instances there is no order of settling. */
class Outcomes {
  readonly #all = new Map<string, string>()
  asked = 0

  watch<R>(id: number, promise: Promise<R>, shown: (value: R) => string): void {
    this.asked += 1
    promise.then(
      value => this.#note(String(id), shown(value)),
      (error: unknown) => this.#note(String(id), codeOf(error)),
    )
  }

  #note(id: string, outcome: string): void {
    if (this.#all.has(id)) throw new Error(`${id} settled twice`)
    this.#all.set(id, outcome)
  }

  async compare(said: readonly string[]): Promise<void> {
    for (let turn = 0; this.#all.size < said.length && turn < LONGEST; turn++) await turns()
    await turns()
    const shown = [...this.#all].map(([id, outcome]) => `${id} ${outcome}`)
    same('outcomes', shown.sort().join(), [...said].sort().join())
  }
}

/** Runs one sequence on a shared channel and on the model side by side. */
class Run {
  readonly #model: Model
  readonly #instances: SharedChannel<string>[]
  readonly #outcomes = new Outcomes()
  readonly #permits = new Permits<string>()
  readonly #aborts = new Aborts()
  #next = 0

  constructor(given: Setup) {
    const { maxBytes, ...rest } = given
    this.#model = new Model(given)
    const first = new SharedChannel({ ...rest, codec: 'utf8', ...(maxBytes === undefined ? undefined : { maxBytes }) })
    this.#instances = [first]
    while (this.#instances.length < INSTANCES) this.#instances.push(SharedChannel.from(first.handle))
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      const collecting = this.#model.receivers.filter(({ kind }) => kind === 'many')
      await this.#step(one)
      for (const { id, max } of collecting) this.#takeAlong(id, max)
      if (one.do === 'flush' || collecting.length > 0) await this.#compare()
    }
    this.#instances[0]?.cancel()
    this.#model.cancel()
    await this.#compare()
    same('operations that settled', this.#model.sends.length + this.#model.receives.length, this.#outcomes.asked)
    for (const instance of this.#instances) await instance[Symbol.asyncDispose]()
  }

  #item(size: number): Made<string> {
    const value = this.#next++
    return { value: String(value).padStart(size, '0'), item: { value, size } }
  }

  async #step(one: Step): Promise<void> {
    const model = this.#model
    // What was given and has not been fetched may come back, so until then a channel that closes has not ended.
    if (model.state !== 'open') await this.#compare()
    const channel = this.#instances['at' in one ? one.at : 0] as SharedChannel<string>
    switch (one.do) {
      case 'send': {
        const { value, item } = this.#item(one.size)
        const sent = channel.send(value, this.#aborts.wait(item.value, one.once, one.signal))
        this.#outcomes.watch(item.value, sent, () => 'ok')
        return model.send(item.value, item, one.once)
      }
      case 'trySend': {
        const { value, item } = this.#item(one.size)
        return same('trySend', channel.trySend(value), model.trySend(item))
      }
      case 'receive': {
        const id = this.#next++
        const received = channel.receive(this.#aborts.wait(id, one.once, one.signal))
        this.#outcomes.watch(id, received, ({ done, value }) => (done === true ? 'done' : String(Number(value))))
        return model.receive({ kind: 'one', id, max: 1, min: 1 }, one.once)
      }
      case 'tryReceive':
        return same('tryReceive', tryReceive(channel), model.tryReceive())
      case 'receiveMany': {
        const id = this.#next++
        const min = Math.max(1, one.max - one.less)
        const received = channel.receiveMany(one.max, { min, ...this.#aborts.signal(id) })
        this.#outcomes.watch(id, received, values => (values.length === 0 ? 'done' : values.map(Number).join('+')))
        return model.receive({ kind: 'many', id, max: one.max, min }, false)
      }
      case 'reserve': {
        const id = this.#next++
        const granted = this.#permits.reserve(one.count)
        this.#outcomes.watch(id, channel.reserve({ count: one.count, ...this.#aborts.signal(id) }), permit => {
          granted(permit)
          return 'ok'
        })
        return model.reserve(id, one.count)
      }
      case 'permitSend':
      case 'permitRelease':
        return this.#permits.use(one, model, size => this.#item(size))
      case 'abort':
        return this.#aborts.abort(one.which, model)
      case 'close':
        channel.close(one.fails ? 'broken' : undefined)
        return model.close(one.fails ? 'broken' : undefined)
      case 'cancel':
        channel.cancel()
        return model.cancel()
      case 'flush':
    }
  }

  /** Who waited for several items takes along what is there when they are fetched. */
  #takeAlong(id: number, max: number): void {
    const { receives } = this.#model
    const at = receives.findIndex(outcome => new RegExp(String.raw`^${id} \d`, 'u').test(outcome))
    const count = receives[at]?.split('+').length ?? max
    if (count >= max) return
    this.#model.receive({ kind: 'many', id, max: max - count, min: 1 }, true)
    const [, more = ''] = receives.pop()?.split(' ') ?? []
    if (/^\d/u.test(more)) receives[at] += `+${more}`
  }

  async #compare(): Promise<void> {
    const model = this.#model
    await this.#outcomes.compare([...model.sends, ...model.receives])
    for (const instance of this.#instances) {
      const { length, waitingSenders, waitingReceivers, dropped, capacity } = instance.metrics()
      same('length', length, model.items.length)
      same('waiting senders', waitingSenders, model.senders.length)
      same('waiting receivers', waitingReceivers, model.receivers.length)
      same('dropped', dropped, model.dropped.length)
      same('isClosed', instance.isClosed, model.state !== 'open')
      if (length > capacity) throw new Error('more is held than may be')
    }
  }
}

test('a channel of several instances: nothing lost, doubled or reordered, bounds kept, every promise settled once, whatever is done', async t => {
  await fc.assert(
    fc.asyncProperty(
      setups(fc.integer({ min: 4, max: 20 })),
      fc.array(step, { maxLength: 30 }),
      async (given, steps) => {
        await new Run(given).all(steps)
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})

const permits = fc.integer({ min: 0, max: 5 })
const turn = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('acquire' as const), at, permits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('try' as const), at, permits }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
)
type Turn = typeof turn extends fc.Arbitrary<infer S> ? S : never

interface Asked {
  readonly id: number
  readonly at: number
  readonly permits: number
  readonly controller: AbortController
  state: 'waiting' | 'held' | 'released' | 'refused'
  permit: Permit | undefined
}

/** The obvious semaphore: a list that is looked through from its front. Permits of an instance that leaves come back. */
async function playPermits(total: number, steps: readonly Turn[]): Promise<void> {
  const first = new SharedSemaphore(total)
  const instances = [first, ...Array.from({ length: INSTANCES - 1 }, () => SharedSemaphore.from(first.handle))]
  const left = new Set<number>()
  const outcomes = new Outcomes()
  const asked: Asked[] = []
  const said: string[] = []
  const free = (): number =>
    asked.reduce((rest, { state, permits: held }) => (state === 'held' ? rest - held : rest), total)
  const waiting = (): Asked[] => asked.filter(({ state }) => state === 'waiting')
  const settle = (one: Asked, state: 'held' | 'refused', outcome: string): void => {
    one.state = state
    said.push(`${one.id} ${outcome}`)
  }
  const serve = (): void => {
    for (const one of waiting()) {
      if (one.permits > free()) return
      settle(one, 'held', 'ok')
    }
  }
  const mayHave = (count: number): boolean => count === 0 || (waiting().length === 0 && count <= free())
  for (const one of steps) {
    if (one.do === 'acquire') {
      const controller = new AbortController()
      const entry: Asked = { ...one, id: asked.length, controller, state: 'waiting', permit: undefined }
      const { signal } = controller
      const acquired = (instances[one.at] as SharedSemaphore).acquire({ permits: one.permits, signal })
      outcomes.watch(entry.id, acquired, permit => {
        entry.permit = permit
        return 'ok'
      })
      const may = mayHave(one.permits)
      asked.push(entry)
      if (one.permits > total) settle(entry, 'refused', 'ERR_INVALID_OPTION')
      else if (left.has(one.at)) settle(entry, 'refused', 'ERR_SEMAPHORE_CLOSED')
      else if (may) settle(entry, 'held', 'ok')
    } else if (one.do === 'try') {
      if (one.permits > total) continue
      const may = !left.has(one.at) && mayHave(one.permits)
      const permit = (instances[one.at] as SharedSemaphore).tryAcquire({ permits: one.permits })
      same('tryAcquire', permit !== undefined, may)
      permit?.release()
      if (may) serve()
    } else if (one.do === 'release') {
      const held = asked.filter(({ state, permit }) => state === 'held' && permit !== undefined)
      const chosen = held[one.which % Math.max(1, held.length)]
      if (chosen === undefined) continue
      chosen.permit?.release()
      chosen.permit?.release()
      chosen.state = 'released'
      serve()
    } else if (one.do === 'abort') {
      const chosen = asked[one.which % Math.max(1, asked.length)]
      chosen?.controller.abort()
      if (chosen?.state !== 'waiting') continue
      settle(chosen, 'refused', 'ABORT_ERR')
      serve()
    } else if (one.do === 'leave') {
      if (left.has(one.at) || left.size === INSTANCES - 1) continue
      left.add(one.at)
      await instances[one.at]?.[Symbol.asyncDispose]()
      for (const entry of waiting()) if (entry.at === one.at) settle(entry, 'refused', 'ERR_SEMAPHORE_CLOSED')
      for (const entry of asked) if (entry.at === one.at && entry.state === 'held') entry.state = 'released'
      serve()
    } else {
      await outcomes.compare(said)
      const some = instances.find((_, index) => !left.has(index)) as SharedSemaphore
      // What is free is kept for the one that waits first.
      same('available', some.available, waiting().length > 0 ? 0 : free())
    }
  }
  for (let [entry] = waiting(); entry !== undefined; [entry] = waiting()) {
    entry.controller.abort()
    settle(entry, 'refused', 'ABORT_ERR')
    serve()
  }
  await outcomes.compare(said)
  same('operations that settled', said.length, outcomes.asked)
  for (const instance of instances) await instance[Symbol.asyncDispose]()
}

test('a semaphore of several instances: granted in order, no permit leaked, every promise settled once, whatever is done', async t => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(turn, { maxLength: 30 }), async (total, steps) => {
      await playPermits(total, steps)
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})
