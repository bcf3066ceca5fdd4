// A million small numbers from a producer through a stage that adds one to a consumer that sums them up, 1000 on their way at most. Beside
// it what others move one by one under back-pressure: object streams of Node, RxJS with concatMap, for RxJS has no demand of its own; and
// GenStage, whose three stages are processes that run at once on all cores.
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { genStageSources, openGenStage } from '../harness/genstage.mjs'
import { peer } from '../harness/peers.mjs'

const DEMAND = 1000
const PARTITIONS = 2

function* numbers(count) {
  for (let i = 0; i < count; i++) yield i
}

/** `pump` carries the numbers 0 to items - 1 and fulfils with the sum of each and one. */
function side(open, pump, copies = 1) {
  return {
    open,
    measure: async (isQuick, state) => {
      const items = isQuick ? 200_000 : 1_000_000
      const began = performance.now()
      const outcome = await pump(items, state)
      // A side that is a program of its own tells its own time.
      const { sum, ms } = typeof outcome === 'number' ? { sum: outcome, ms: performance.now() - began } : outcome
      if (sum !== (copies * (items * (items + 1))) / 2) throw new Error(`the sum of what came is ${sum}`)
      return { 'million events/s': items / 1000 / ms, 'ns an event': (ms * 1_000_000) / items }
    },
  }
}

const open = () => import('sluicegate/stage')

/** Two consumers below the stage in the middle, unless it is 'demand' with one. */
const stages = (dispatcher, consumers, optionsOf, handle = events => events.map(n => n + 1)) =>
  async function pump(items, { producer, producerConsumer, consumer }) {
    let sum = 0
    const source = producer(numbers(items))
    const middle = producerConsumer(handle, { dispatcher, demand: 'accumulate' })
    const sinks = Array.from({ length: consumers }, () =>
      consumer(events => {
        for (const event of events) sum += event
      }),
    )
    for (const [at, sink] of sinks.entries()) {
      await sink.subscribeTo(middle, { maxDemand: DEMAND, ...optionsOf(at) })
    }
    await middle.subscribeTo(source, { maxDemand: DEMAND })
    middle.demand('forward')
    await Promise.all(sinks.map(({ done }) => done))
    return sum
  }

const partition = { type: 'partition', partitions: PARTITIONS, hash: n => n % PARTITIONS }
const none = () => ({})
const genStage = genStageSources()

export const row = {
  title: 'A million events through three stages, maxDemand 1000',
  sides: {
    stages: side(open, stages({ type: 'demand' }, 1, none)),
    'stages, async handler': side(
      open,
      stages({ type: 'demand' }, 1, none, async events => events.map(n => n + 1)),
    ),
    'stages, two consumers': side(open, stages({ type: 'demand' }, 2, none)),
    'stages, broadcast to two': side(open, stages({ type: 'broadcast' }, 2, none), 2),
    'stages, partitions of two': side(
      open,
      stages(partition, 2, at => ({ partition: at })),
    ),
    'object streams': side(
      () => {},
      async items => {
        let sum = 0
        await pipeline(
          Readable.from(numbers(items), { highWaterMark: DEMAND }),
          new Transform({
            objectMode: true,
            highWaterMark: DEMAND,
            transform: (n, _encoding, done) => done(null, n + 1),
          }),
          new Writable({
            objectMode: true,
            highWaterMark: DEMAND,
            write: (n, _encoding, done) => {
              sum += n
              done()
            },
          }),
        )
        return sum
      },
    ),
    'RxJS concatMap': side(
      () => peer('rxjs'),
      (items, { concatMap, from, lastValueFrom, of, reduce }) =>
        lastValueFrom(
          from(numbers(items)).pipe(
            concatMap(n => of(n + 1)),
            reduce((total, n) => total + n, 0),
          ),
        ),
    ),
    ...(genStage === undefined
      ? {}
      : {
          GenStage: side(
            () => openGenStage(genStage),
            (items, { run }) => run(items),
          ),
        }),
  },
  claims: [
    ['object streams', 3],
    ['RxJS concatMap', 3],
    ['GenStage', 1],
  ].map(([against, atLeast]) => ({ metric: 'million events/s', side: 'stages', against, atLeast })),
}
