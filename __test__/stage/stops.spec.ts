// Random chains, consumers that leave at random, and stops in random order, without a time limit: each ends, nothing is told twice, and what
// was not delivered is counted.
import fc from 'fast-check'
import test from 'ava'
import {
  consumer,
  producer,
  producerConsumer,
  taskConsumer,
  type Consumer,
  type Dispatcher,
  type Many,
  type Producer,
  type ProducerConsumer,
  type StageBase,
} from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'
import { range } from './stages.ts'

type Shape = 'array' | 'promise' | 'generator' | 'async generator'

interface Plan {
  readonly events: number
  readonly source: 'iterable' | 'async iterable' | 'function' | 'endless'
  readonly middles: readonly { readonly shape: Shape; readonly accumulates: boolean; readonly maxDemand: number }[]
  readonly dispatcher: 'demand' | 'broadcast' | 'partition'
  readonly sinks: readonly { readonly isTask: boolean; readonly maxDemand: number; readonly leavesAfter: number }[]
  readonly stopAfter: number
  readonly order: 'down' | 'up' | 'together' | 'middle'
}

const plans = fc.record<Plan>({
  events: fc.integer({ min: 0, max: 200 }),
  source: fc.constantFrom('iterable', 'async iterable', 'function', 'endless'),
  middles: fc.array(
    fc.record({
      shape: fc.constantFrom<Shape>('array', 'promise', 'generator', 'async generator'),
      accumulates: fc.boolean(),
      maxDemand: fc.integer({ min: 1, max: 20 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  dispatcher: fc.constantFrom('demand', 'broadcast', 'partition'),
  sinks: fc.array(
    fc.record({
      isTask: fc.boolean(),
      maxDemand: fc.integer({ min: 1, max: 20 }),
      leavesAfter: fc.integer({ min: 0, max: 12 }),
    }),
    { maxLength: 3 },
  ),
  stopAfter: fc.integer({ min: 0, max: 8 }),
  order: fc.constantFrom('down', 'up', 'together', 'middle'),
})

function opened({ source, events }: Plan): Producer<number> {
  const numbers = function* (count: number): Generator<number, void> {
    for (let n = 0; n < count; n++) yield n
  }
  if (source === 'iterable') return producer(numbers(events))
  if (source === 'endless') return producer(numbers(Infinity))
  if (source === 'function') {
    let next = 0
    return producer<number>(demand => {
      if (next >= events) return null
      next += demand
      return range(next - demand, Math.min(next, events))
    })
  }
  return producer<number>(
    (async function* () {
      for (const n of numbers(events)) {
        if (n % 7 === 0) await turns(1)
        yield n
      }
    })(),
  )
}

const handlers: Readonly<Record<Shape, (events: readonly number[]) => Many<number> | Promise<readonly number[]>>> = {
  array: events => [...events],
  promise: async events => {
    await turns(1)
    return [...events]
  },
  *generator(events) {
    for (const event of events) yield event
  },
  async *'async generator'(events) {
    for (const event of events) {
      if (event % 5 === 0) await turns(1)
      yield event
    }
  },
}

function middleOf(
  shape: Shape,
  accumulates: boolean,
  dispatcher: Dispatcher<number>,
): ProducerConsumer<number, number> {
  const demand = accumulates ? 'accumulate' : 'forward'
  return producerConsumer<number, number>(handlers[shape], { demand, dispatcher, onDiscard: () => {} })
}

/** Stopped one by one from the top, each waits for those below to take what it has: somebody has to. */
function isTaken({ order, dispatcher, middles, sinks }: Plan): boolean {
  const staying = sinks.filter(({ leavesAfter }) => leavesAfter >= 10).length
  if (order === 'up' || order === 'together') return true
  if (middles.some(({ accumulates }, at) => accumulates && (at > 0 || order === 'down'))) return false
  return dispatcher === 'partition' ? staying > 0 && staying === sinks.length : staying > 0
}

async function runs(plan: Plan): Promise<string | undefined> {
  const source = opened(plan)
  const last = plan.middles.length - 1
  const partitions = Math.max(1, plan.sinks.length)
  const below: Dispatcher<number> =
    plan.dispatcher === 'partition'
      ? { type: 'partition', partitions, hash: n => n % partitions }
      : { type: plan.dispatcher }
  const middles = plan.middles.map(({ shape, accumulates }, at) =>
    middleOf(shape, accumulates, at === last ? below : { type: 'demand' }),
  )
  const seen: number[][] = []
  const sinks: Consumer<number>[] = []
  for (const [partition, { isTask, maxDemand, leavesAfter }] of plan.sinks.entries()) {
    const own: number[] = []
    seen.push(own)
    const sink = isTask
      ? taskConsumer<number>(async n => {
          await turns(1)
          own.push(n)
        })
      : consumer<number>(events => void own.push(...events))
    sinks.push(sink)
    const options = plan.dispatcher === 'partition' ? { partition } : {}
    const subscription = await sink.subscribeTo(middles[last] as Producer<number>, {
      ...options,
      maxDemand,
      cancel: 'temporary',
    })
    if (leavesAfter < 10) void turns(leavesAfter).then(() => void subscription.cancel())
  }
  // From below, for a stage that has all it is fed from may be over at once.
  for (const [at, { maxDemand }] of [...plan.middles.entries()].reverse()) {
    const above = at === 0 ? source : (middles[at - 1] as Producer<number>)
    await (middles[at] as Consumer<number>).subscribeTo(above, { maxDemand })
  }
  await turns(plan.stopAfter)
  const chain: StageBase[] = [source, ...middles, ...sinks]
  if (plan.order === 'middle') await middles[0]?.stop()
  if (plan.order === 'together') await Promise.all(chain.map(stage => stage.stop()))
  else for (const stage of plan.order === 'up' ? [...chain].reverse() : chain) await stage.stop()
  await Promise.all(chain.map(({ done }) => done))
  for (const own of seen) {
    if (new Set(own).size !== own.length) return `delivered twice: ${String(own)}`
  }
  for (const stage of chain) {
    const { buffered, subscribers } = stage.metrics()
    if (buffered > 0 || subscribers > 0) return `${buffered} are left, and ${subscribers} subscribers`
  }
  return undefined
}

test('stops end whatever a chain is at, and leave nothing', async t => {
  await fc.assert(
    fc.asyncProperty(plans.filter(isTaken), async plan => {
      let timer: NodeJS.Immediate | undefined
      let looks = 0
      const stuck = new Promise<string>(resolve => {
        // Nothing here waits for more than the event loop, so thousands of turns are a hang.
        const look = (): void => {
          looks += 1
          if (looks > 5000) resolve('it hangs')
          else timer = setImmediate(look)
        }
        look()
      })
      const outcome = await Promise.race([runs(plan), stuck])
      clearImmediate(timer)
      if (outcome !== undefined) throw new Error(outcome)
    }),
    { numRuns: 150, includeErrorInReport: true },
  )
  t.pass()
})
