// Dispatchers of users: the same seam as the built-in ones, and what holds whatever they do.
import test from 'ava'
import { consumer, producer, type CustomDispatcher, type Dispatch } from '../../index.ts'
import { ending, range, recorder, silent } from './stages.ts'

/** In turns, one event each. */
class RoundRobin<O> implements CustomDispatcher<O> {
  readonly type = 'custom'
  readonly #credits = new Map<number, number>()
  #pending = 0

  subscribe(id: number): void {
    this.#credits.set(id, 0)
  }

  ask(id: number, count: number): number {
    this.#credits.set(id, (this.#credits.get(id) ?? 0) + count)
    const paid = Math.min(count, this.#pending)
    this.#pending -= paid
    return count - paid
  }

  cancel(id: number): number {
    this.#pending += this.#credits.get(id) ?? 0
    this.#credits.delete(id)
    return 0
  }

  dispatch(events: readonly O[]): Dispatch<O> {
    const shares = new Map<number, O[]>()
    let at = 0
    while (at < events.length) {
      const before = at
      for (const [id, credit] of this.#credits) {
        if (credit === 0 || at === events.length) continue
        this.#credits.set(id, credit - 1)
        shares.set(id, [...(shares.get(id) ?? []), events[at] as O])
        at += 1
      }
      if (at === before) break
    }
    this.#pending = Math.max(0, this.#pending - (events.length - at))
    return { deliveries: [...shares], leftover: events.slice(at) }
  }
}

test('a dispatcher of one’s own shares out by its own rule', async t => {
  const source = producer(range(0, 12), { dispatcher: new RoundRobin<number>(), demand: 'accumulate' })
  const seen: number[][] = [[], [], []]
  const sinks = seen.map(list => consumer<number>(events => void list.push(...events)))
  for (const sink of sinks) await sink.subscribeTo(source, { maxDemand: 2 })
  source.demand('forward')
  await Promise.all(sinks.map(({ done }) => done))
  t.deepEqual(
    seen.flat().sort((one, other) => one - other),
    range(0, 12),
  )
  t.true(seen.every(list => list.length === 4))
})

/** One event at a time: the rest goes back, and is ordered again. */
class Reluctant<O> implements CustomDispatcher<O> {
  readonly type = 'custom'
  #id = 0
  #credit = 0

  subscribe(id: number): void {
    this.#id = id
  }

  ask(_id: number, count: number): number {
    this.#credit += count
    return count
  }

  cancel(): number {
    return 0
  }

  dispatch(events: readonly O[]): Dispatch<O> {
    if (this.#credit === 0) return { deliveries: [], leftover: events }
    this.#credit -= 1
    return { deliveries: [[this.#id, events.slice(0, 1)]], leftover: events.slice(1), more: events.length - 1 }
  }
}

test('what a dispatcher leaves keeps its place in the order', async t => {
  const source = producer<number>(silent().source, { dispatcher: new Reluctant<number>() })
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  source.emit(range(0, 50))
  await sink.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await source.stop()
  await sink.done
  t.deepEqual(seen, range(0, 50))
})

class Broken<O> extends RoundRobin<O> {
  readonly #deliveries: (events: readonly O[]) => [number, readonly O[]][]
  #last = 0

  constructor(deliveries: (events: readonly O[], id: number) => [number, readonly O[]][]) {
    super()
    this.#deliveries = events => deliveries(events, this.#last)
  }

  override subscribe(id: number): void {
    this.#last = id
    super.subscribe(id)
  }

  override dispatch(events: readonly O[]): Dispatch<O> {
    return { deliveries: this.#deliveries(events), leftover: [] }
  }
}

test('RS 1.1: more than was asked for is never delivered, whatever a dispatcher says: its stage fails', async t => {
  for (const [deliveries, message] of [
    [(events: readonly number[], id: number) => [[id, [...events, ...events]]], /asked for 3/u],
    [(events: readonly number[]) => [[-1, events]], /is not there/u],
  ] as const) {
    const dispatcher = new Broken<number>(deliveries as never)
    const source = producer(range(0, 10), { dispatcher })
    const { stage, batches } = recorder<number>(100)
    await stage.subscribeTo(source, { maxDemand: 3, minDemand: 0 })
    await t.throwsAsync(source.done, { code: 'ERR_DEMAND', message })
    await t.throwsAsync(stage.done, { code: 'ERR_DEMAND' })
    t.deepEqual(batches, [])
  }
})

test('what it throws fails its stage; what it throws in subscribe only refuses', async t => {
  const throwing = new RoundRobin<number>()
  throwing.dispatch = () => {
    throw new Error('dispatch')
  }
  const source = producer([1], { dispatcher: throwing })
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await t.throwsAsync(sink.done, { message: 'dispatch' })
  const refusing = new RoundRobin<number>()
  refusing.subscribe = () => {
    throw new Error('not you')
  }
  const other = producer<number>(silent().source, { dispatcher: refusing })
  const refused = consumer<number>(() => {})
  ending(t, other, refused)
  await t.throwsAsync(refused.subscribeTo(other), { message: 'not you' })
  t.is(other.metrics().subscribers, 0)
})

test('an order that is no number fails the stage', async t => {
  const dispatcher = new RoundRobin<number>()
  dispatcher.ask = () => NaN
  const source = producer([1], { dispatcher })
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await t.throwsAsync(source.done, { code: 'ERR_DEMAND' })
})
