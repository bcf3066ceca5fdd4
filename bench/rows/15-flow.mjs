// A million small numbers through the steps of a flow, every callback called once for each: a map, a filter and batches of 100; three maps
// in a row; and three maps whose callbacks are async functions. The sides that are compared take callbacks that may wait, and bound what
// is under way: `mapEffect`, `concatMap`. Effect's `Stream.map`, whose callbacks can't wait, is shown beside them: it maps chunks of thousands.
import { Readable } from 'node:stream'
import { peer } from '../harness/peers.mjs'

const BATCH = 100
const one = x => x + 1
const isEven = x => x % 2 === 0
const later = async x => x + 1
const numbers = count => Array.from({ length: count }, (_, i) => i)

/** `shapes` give, of the numbers, the sum of what comes out. */
function side(open, shapes) {
  return {
    open,
    measure: async (isQuick, state) => {
      const values = {}
      const runs = shapes(state)
      for (const [name, { count, sum }] of Object.entries(works(isQuick))) {
        const run = runs[name]
        if (run === undefined) continue
        const source = numbers(count)
        const began = performance.now()
        const came = await run(source)
        const ms = performance.now() - began
        if (came !== sum) throw new Error(`${name}: the sum of what came is ${came} and not ${sum}`)
        values[`${name}, million values/s`] = count / 1000 / ms
      }
      return values
    },
  }
}

function works(isQuick) {
  const count = isQuick ? 100_000 : 1_000_000
  const all = n => (n * (n - 1)) / 2
  const half = count / 2
  return {
    'map, filter, batch': { count, sum: 2 * all(half) + 2 * half },
    'three maps': { count, sum: all(count) + 3 * count },
    'three async maps': { count: count / 5, sum: all(count / 5) + (3 * count) / 5 },
  }
}

const add = (total, value) => total + value
const addAll = (total, values) => values.reduce(add, total)

export const row = {
  title: 'A million values through the steps of a flow',
  sides: {
    flow: side(
      () => import('sluicegate/flow'),
      ({ flow }) => ({
        'map, filter, batch': source =>
          flow(source).map(one).filter(isEven).batch({ maxSize: BATCH }).reduce(addAll, 0),
        'three maps': source => flow(source).map(one).map(one).map(one).reduce(add, 0),
        'three async maps': source => flow(source).map(later).map(later).map(later).reduce(add, 0),
      }),
    ),
    'Effect Stream': side(
      () => peer('effect'),
      ({ Effect, Stream }) => {
        const asked = Stream.mapEffect(x => Effect.succeed(one(x)))
        const later = Stream.mapEffect(x => Effect.promise(async () => x + 1))
        return {
          'map, filter, batch': source =>
            Effect.runPromise(
              Stream.fromIterable(source).pipe(
                asked,
                Stream.filter(isEven),
                Stream.grouped(BATCH),
                Stream.runFold(() => 0, addAll),
              ),
            ),
          'three maps': source =>
            Effect.runPromise(
              Stream.fromIterable(source).pipe(
                asked,
                asked,
                asked,
                Stream.runFold(() => 0, add),
              ),
            ),
          'three async maps': source =>
            Effect.runPromise(
              Stream.fromIterable(source).pipe(
                later,
                later,
                later,
                Stream.runFold(() => 0, add),
              ),
            ),
        }
      },
    ),
    'Effect Stream, map of chunks': side(
      () => peer('effect'),
      ({ Effect, Stream }) => ({
        'map, filter, batch': source =>
          Effect.runPromise(
            Stream.fromIterable(source).pipe(
              Stream.map(one),
              Stream.filter(isEven),
              Stream.grouped(BATCH),
              Stream.runFold(() => 0, addAll),
            ),
          ),
        'three maps': source =>
          Effect.runPromise(
            Stream.fromIterable(source).pipe(
              Stream.map(one),
              Stream.map(one),
              Stream.map(one),
              Stream.runFold(() => 0, add),
            ),
          ),
      }),
    ),
    RxJS: side(
      () => peer('rxjs'),
      ({ bufferCount, concatMap, filter, from, lastValueFrom, of, reduce }) => ({
        'map, filter, batch': source =>
          lastValueFrom(
            from(source).pipe(
              concatMap(x => of(one(x))),
              filter(isEven),
              bufferCount(BATCH),
              reduce(addAll, 0),
            ),
          ),
        'three maps': source =>
          lastValueFrom(
            from(source).pipe(
              concatMap(x => of(one(x))),
              concatMap(x => of(one(x))),
              concatMap(x => of(one(x))),
              reduce(add, 0),
            ),
          ),
        'three async maps': source =>
          lastValueFrom(from(source).pipe(concatMap(later), concatMap(later), concatMap(later), reduce(add, 0))),
      }),
    ),
    'Readable.map': side(
      () => {},
      () => ({
        'map, filter, batch': async source => {
          let total = 0
          let values = []
          for await (const value of Readable.from(source).map(one).filter(isEven)) {
            values.push(value)
            if (values.length < BATCH) continue
            total = addAll(total, values)
            values = []
          }
          return addAll(total, values)
        },
        'three maps': source => Readable.from(source).map(one).map(one).map(one).reduce(add, 0),
        'three async maps': source => Readable.from(source).map(later).map(later).map(later).reduce(add, 0),
      }),
    ),
  },
  claims: ['map, filter, batch', 'three maps', 'three async maps'].flatMap(work =>
    ['Effect Stream', 'RxJS', 'Readable.map'].map(against => ({
      metric: `${work}, million values/s`,
      side: 'flow',
      against,
      atLeast: 3,
    })),
  ),
}
