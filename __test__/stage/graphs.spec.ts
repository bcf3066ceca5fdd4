// Random graphs: whatever is connected how, nothing is lost, doubled or reordered, never more delivered than asked, and none gets stuck.
import test from 'ava'
import fc from 'fast-check'
import {
  consumer,
  producer,
  producerConsumer,
  type Consumer,
  type Dispatcher,
  type Producer,
  type ProducerConsumer,
  type Subscription,
} from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'
import { range } from './stages.ts'

interface Event {
  readonly value: number
  /** Who gave it, and as its how manieth. */
  readonly from: string
  readonly count: number
}

interface Layer {
  readonly kind: 'demand' | 'broadcast' | 'partition'
  readonly width: number
  readonly maxDemand: number
  readonly minDemand: number
  readonly pace: 'sync' | 'async' | 'generator' | 'slow'
}

const layer: fc.Arbitrary<Layer> = fc
  .record({
    kind: fc.constantFrom('demand' as const, 'broadcast' as const, 'partition' as const),
    width: fc.integer({ min: 1, max: 3 }),
    maxDemand: fc.integer({ min: 1, max: 12 }),
    min: fc.nat(11),
    pace: fc.constantFrom('sync' as const, 'async' as const, 'generator' as const, 'slow' as const),
  })
  .map(({ min, maxDemand, ...rest }) => ({ ...rest, maxDemand, minDemand: Math.min(min, maxDemand - 1) }))

function dispatcherOf(kind: Layer['kind'], width: number): Dispatcher<Event> {
  if (kind !== 'partition') return { type: kind }
  return { type: 'partition', partitions: width, hash: ({ value }) => value % width, room: 5 }
}

/** Stamps what a stage gives, and checks the stamps of what it gets: per giver they only rise. */
class Stamps {
  readonly #name: string
  #given = 0
  readonly #got = new Map<string, number>()

  constructor(name: string) {
    this.#name = name
  }

  stamp(value: number): Event {
    this.#given += 1
    return { value, from: this.#name, count: this.#given }
  }

  check(events: readonly Event[]): void {
    for (const { from, count } of events) {
      if (count <= (this.#got.get(from) ?? 0)) throw new Error(`${this.#name} got ${count} of ${from} too late`)
      this.#got.set(from, count)
    }
  }
}

class Graph {
  readonly sources: Producer<Event>[] = []
  readonly middles: ProducerConsumer<Event, Event>[][] = []
  readonly sinks: Consumer<Event>[] = []
  readonly seen: number[][] = []
  readonly subscriptions: { readonly of: Subscription; readonly max: number }[] = []
  readonly layers: readonly Layer[]
  readonly #bounds = new Map<Producer<Event>, number>()

  constructor(layers: readonly Layer[]) {
    this.layers = layers
  }

  /** Sources are the first layer, sinks the last one; everybody is subscribed to all in the layer above. */
  async build(perSource: number): Promise<void> {
    const [first, ...others] = this.layers as [Layer, ...Layer[]]
    let above: Producer<Event>[] = range(0, first.width).map(at => {
      const stamps = new Stamps(`source ${at}`)
      const values = range(at * perSource, (at + 1) * perSource).map(value => stamps.stamp(value))
      const dispatcher = dispatcherOf(first.kind, others[0]?.width ?? 1)
      return producer(values, { dispatcher, demand: 'accumulate' })
    })
    this.sources.push(...above)
    for (const [depth, one] of others.entries()) {
      const below = others[depth + 1]
      const stages = range(0, one.width).map(at =>
        below === undefined ? this.#sink(one, at) : this.#middle(one, `${depth}/${at}`, below.width),
      )
      for (const [partition, stage] of stages.entries()) await this.#connect(stage, above, one, partition, depth)
      if (below === undefined) return void this.sinks.push(...stages)
      above = stages as ProducerConsumer<Event, Event>[]
      this.middles.push(above as ProducerConsumer<Event, Event>[])
    }
  }

  async run(): Promise<void> {
    for (const stage of [...this.middles.flat().reverse(), ...this.sources]) stage.demand('forward')
    await Promise.all(this.sources.map(({ done }) => done))
    for (const stages of this.middles) await Promise.all(stages.map(stage => stage.stop()))
    await Promise.all(this.sinks.map(sink => sink.stop()))
    await Promise.all([...this.middles.flat(), ...this.sinks].map(({ done }) => done))
  }

  /** How often each event reaches some sink. */
  get copies(): number {
    let copies = 1
    for (const [depth, { kind }] of this.layers.slice(0, -1).entries()) {
      if (kind === 'broadcast') copies *= this.layers[depth + 1]?.width ?? 1
    }
    return copies
  }

  #watch(): void {
    for (const { of, max } of this.subscriptions) {
      if (of.outstanding < 0 || of.outstanding > max) throw new Error(`${of.outstanding} are outstanding of ${max}`)
    }
    for (const stage of [...this.sources, ...this.middles.flat()]) {
      const { buffered } = stage.metrics()
      const bound = this.#bounds.get(stage) ?? Infinity
      if (buffered > bound) throw new Error(`${buffered} are held where ${bound} may be`)
    }
  }

  async #connect(
    stage: Consumer<Event>,
    above: readonly Producer<Event>[],
    one: Layer,
    partition: number,
    depth: number,
  ) {
    const { maxDemand, minDemand } = one
    const isPartitioned = this.layers[depth]?.kind === 'partition'
    for (const upstream of above) {
      const of = await stage.subscribeTo(upstream, {
        maxDemand,
        minDemand,
        cancel: 'temporary',
        ...(isPartitioned ? { partition } : {}),
      })
      this.subscriptions.push({ of, max: maxDemand })
      // Partitions have room for 5; a producerConsumer twice the largest demand below, one batch doubled, and what is on its way to it.
      const above = this.layers[depth]
      const unhandled = depth === 0 ? 0 : (this.layers[depth - 1]?.width ?? 1) * (above?.maxDemand ?? 0)
      this.#bounds.set(upstream, 5 * one.width + 2 * maxDemand + 2 * (above?.maxDemand ?? 0) + unhandled)
    }
  }

  #sink({ pace }: Layer, at: number): Consumer<Event> {
    const list: number[] = []
    this.seen.push(list)
    const stamps = new Stamps(`sink ${at}`)
    return consumer<Event>(async events => {
      if (pace === 'slow') await turns(1)
      this.#watch()
      stamps.check(events)
      for (const { value } of events) list.push(value)
    })
  }

  #middle({ pace, kind }: Layer, name: string, width: number): ProducerConsumer<Event, Event> {
    const stamps = new Stamps(name)
    const turnOver = (events: readonly Event[]): Event[] => {
      this.#watch()
      stamps.check(events)
      return events.map(({ value }) => stamps.stamp(value))
    }
    const options = { dispatcher: dispatcherOf(kind, width), demand: 'accumulate' } as const
    if (pace === 'sync') return producerConsumer<Event, Event>(turnOver, options)
    if (pace === 'generator') {
      return producerConsumer<Event, Event>(function* (events) {
        stamps.check(events)
        for (const { value } of events) yield stamps.stamp(value)
      }, options)
    }
    return producerConsumer<Event, Event>(async events => {
      if (pace === 'slow') await turns(1)
      return turnOver(events)
    }, options)
  }
}

test('every event reaches every sink it is for exactly once, in the order of each giver, within the bounds', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(layer, { minLength: 2, maxLength: 4 }),
      fc.integer({ min: 0, max: 60 }),
      async (layers, perSource) => {
        const graph = new Graph(layers)
        await graph.build(perSource)
        await graph.run()
        const counts = new Map<number, number>()
        for (const value of graph.seen.flat()) counts.set(value, (counts.get(value) ?? 0) + 1)
        const all = range(0, perSource * (layers[0]?.width ?? 0))
        if (counts.size !== all.length) throw new Error(`${counts.size} of ${all.length} came`)
        for (const [value, count] of counts) if (count !== graph.copies) throw new Error(`${value} came ${count} times`)
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})

const step = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom('join', 'leave', 'emit', 'wait', 'ask'),
  count: fc.nat(9),
})

test('subscribers come and go while events flow: none is lost or doubled, and none comes unasked', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom('demand' as const, 'broadcast' as const),
      async (steps, kind) => {
        let next = 0
        const source = producer<number>(demand => range(next, (next += Math.ceil(demand / 2))), {
          dispatcher: { type: kind },
        })
        const seen: number[][] = [[], [], []]
        const asked = [0, 0, 0]
        const sinks = seen.map((list, who) =>
          consumer<number>(async events => {
            if (who > 0) await turns(1)
            list.push(...events)
          }),
        )
        const open: (Subscription | undefined)[] = [undefined, undefined, undefined]
        for (const { who, what, count } of steps) {
          const subscription = open[who]
          if (what === 'join')
            open[who] ??= await sinks[who]?.subscribeTo(source, { manual: true, cancel: 'temporary' })
          else if (what === 'leave') {
            await subscription?.cancel()
            open[who] = undefined
          } else if (what === 'emit') source.emit(range(next, (next += count)))
          else if (what === 'wait') await turns(1)
          else if (subscription !== undefined && count > 0) {
            asked[who] = (asked[who] ?? 0) + count
            subscription.ask(count)
          }
        }
        for (const subscription of open) await subscription?.cancel()
        // Whoever comes last gets the rest.
        const rest: number[] = []
        const last = consumer<number>(events => void rest.push(...events))
        const missing = source.metrics().buffered
        const end = await last.subscribeTo(source, { manual: true })
        if (missing > 0) end.ask(missing)
        await turns(2)
        await source.stop()
        await last.done
        for (const [who, list] of seen.entries()) {
          if (list.length > (asked[who] ?? 0)) throw new Error('more came than was asked for')
          if (list.some((value, at) => at > 0 && value <= (list[at - 1] ?? 0))) throw new Error('reordered or doubled')
        }
        const values = [...seen.flat(), ...rest]
        if (new Set(values).size !== next) throw new Error(`${new Set(values).size} of ${next} came`)
        if (kind === 'demand' && values.length !== next) throw new Error('doubled')
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})
