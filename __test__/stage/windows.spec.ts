// Windows of events: the lists that Flow's own suite expects where each event is looked at by itself, and the rest of what it makes of many.
import test from 'ava'
import {
  boundedJoin,
  consumer,
  departition,
  producer,
  producerConsumer,
  takeSorted,
  windowed,
  type JoinMode,
  type WindowOptions,
  type WindowState,
} from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { range } from './stages.ts'

const sums = { initial: () => 0, reduce: (sum: number, n: number) => sum + n }

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const one of source) list.push(one)
  return list
}

function numbers(from: number, to: number): AsyncIterable<number> {
  return producer(range(from, to)).events()
}

async function states(options: Partial<WindowOptions<number, number>>, events = range(1, 101)) {
  const told = await all(windowed(producer(events).events(), { ...sums, ...options }))
  return told.map(({ window, trigger, state }): [number, number, string] => [state, window, trigger])
}

const HALVES: [number, number, string][] = [
  [78, 0, 'every'],
  [300, 0, 'every'],
  [666, 0, 'every'],
  [1176, 0, 'every'],
  [1275, 0, 'done'],
]

test('FL-9: the global window: at the end, and by triggers', async t => {
  t.deepEqual(await states({}), [[5050, 0, 'done']])
  t.deepEqual(await states({}, []), [[0, 0, 'done']])
  const tens = await states({ trigger: { every: 10 } })
  t.deepEqual(
    tens.map(([state]) => state),
    [55, 210, 465, 820, 1275, 1830, 2485, 3240, 4095, 5050, 5050],
  )
})

test('FL-9: count windows', async t => {
  t.deepEqual(
    (await states({ window: { type: 'count', size: 50 } })).map(([state]) => state),
    [1275, 3775, 0],
  )
  t.deepEqual(await states({ window: { type: 'count', size: 50 }, trigger: { every: 12 } }), [
    ...HALVES,
    [678, 1, 'every'],
    [1500, 1, 'every'],
    [2466, 1, 'every'],
    [3576, 1, 'every'],
    [3775, 1, 'done'],
    [0, 2, 'done'],
  ])
})

const fixed = (offset: (n: number) => number, lateness?: number) => ({
  type: 'fixed' as const,
  every: 1000,
  timeOf: (n: number) => offset(n) + (n % 1000),
  ...(lateness === undefined ? {} : { lateness }),
})

test('FL-9: fixed windows, in order', async t => {
  const window = fixed(n => (n <= 50 ? 0 : 1000))
  t.deepEqual(
    (await states({ window })).map(([state]) => state),
    [1275, 3775],
  )
  t.deepEqual(await states({ window, trigger: { every: 12 } }), [
    ...HALVES,
    [678, 1000, 'every'],
    [1500, 1000, 'every'],
    [2466, 1000, 'every'],
    [3576, 1000, 'every'],
    [3775, 1000, 'done'],
  ])
  t.deepEqual(await states({ window }, []), [])
})

test('FL-9: fixed windows out of order: what is late is lost and told, and empty windows are told too', async t => {
  const late: number[] = []
  const window = { ...fixed(n => (n > 40 && n <= 80 ? 2000 : 0)), onLate: (n: number) => void late.push(n) }
  t.deepEqual(await states({ window }), [
    [820, 0, 'done'],
    [0, 1000, 'done'],
    [2420, 2000, 'done'],
  ])
  t.deepEqual(late, range(81, 101))
})

test('FL-9: lateness: a window that is over is told, and still takes what comes in time', async t => {
  const late: number[] = []
  const timeOf = (n: number) => (n <= 40 ? 0 : n <= 80 ? 2000 : n <= 99 ? 500 : 9000)
  const window = {
    type: 'fixed' as const,
    every: 1000,
    timeOf,
    lateness: 5000,
    onLate: (n: number) => void late.push(n),
  }
  t.deepEqual(await states({ window }, [...range(1, 101), 90]), [
    [820, 0, 'watermark'],
    [0, 1000, 'watermark'],
    // 81 to 99 came late, and in time; 100 is of another time, and 90 comes too late then.
    [820 + 1710, 0, 'done'],
    [0, 1000, 'done'],
    [2420, 2000, 'watermark'],
    [2420, 2000, 'done'],
    [0, 3000, 'watermark'],
    [0, 3000, 'done'],
    [0, 4000, 'watermark'],
    [0, 5000, 'watermark'],
    [0, 6000, 'watermark'],
    [0, 7000, 'watermark'],
    [0, 8000, 'watermark'],
    [0, 4000, 'done'],
    [0, 5000, 'done'],
    [0, 6000, 'done'],
    [0, 7000, 'done'],
    [0, 8000, 'done'],
    [100, 9000, 'done'],
  ])
  t.deepEqual(late, [90])
})

test('FL-9: a gap in time is told bit by bit, as it is asked for', async t => {
  const events = windowed(producer([0, 1e15]).events(), { ...sums, window: fixed(n => n) })[Symbol.asyncIterator]()
  t.deepEqual((await events.next()).value, { window: 0, trigger: 'done', state: 0 })
  t.deepEqual((await events.next()).value, { window: 1000, trigger: 'done', state: 0 })
  await events.return?.()
  t.true((await events.next()).done)
})

test('FL-10: triggers have names, and with reset a window begins anew', async t => {
  const told = await states({ trigger: { every: 10 }, reset: true, window: { type: 'count', size: 1000 } })
  t.deepEqual(
    told.map(([state, , trigger]) => `${trigger} ${state}`),
    [55, 155, 255, 355, 455, 555, 655, 755, 855, 955].map(sum => `every ${sum}`).concat('done 0'),
  )
  t.deepEqual(await states({ trigger: { when: n => n % 40 === 0 } }), [
    [820, 0, 'when'],
    [3240, 0, 'when'],
    [5050, 0, 'done'],
  ])
})

test.serial('FL-9, FL-10: periodic windows and triggers come by the clock, and only for whoever waits', async t => {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const hand = new HandSource<number>()
  hand.put(...range(1, 11))
  const told: WindowState<number>[] = []
  const events = windowed(hand, {
    ...sums,
    window: { type: 'periodic', every: 100 },
    trigger: { every: 5, interval: 70 },
  })
  const iterator = events[Symbol.asyncIterator]()
  const take = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await iterator.next()
      if (done === true) return
      told.push(value)
    }
  }
  const taking = take()
  await clock.advance(210)
  t.deepEqual(
    told.map(({ window, trigger, state }) => [state, window, trigger]),
    [
      [15, 0, 'every'],
      [55, 0, 'every'],
      [55, 0, 'interval'],
      [55, 0, 'done'],
      [0, 1, 'interval'],
      [0, 1, 'done'],
      [0, 2, 'interval'],
    ],
  )
  await iterator.return?.()
  await taking
  t.is(clock.timers, 0)
  t.is(hand.returned, 1)
})

test('a callback that throws, and a source that fails, end it once, with the error', async t => {
  for (const [source, reduce] of [
    [
      producer([1, 2]).events(),
      () => {
        throw new Error('torn')
      },
    ],
    [
      producer<number>(() => {
        throw new Error('torn')
      }).events(),
      sums.reduce,
    ],
  ] as const) {
    const iterator = windowed(source, { initial: () => 0, reduce })[Symbol.asyncIterator]()
    await t.throwsAsync(iterator.next(), { message: 'torn' })
    t.true((await iterator.next()).done)
  }
})

test('a stage can be fed from windows, and stopping it leaves the source', async t => {
  const source = producer<number>(demand => range(0, demand))
  const windows = producer(windowed(source.events({ maxDemand: 10 }), { ...sums, window: { type: 'count', size: 3 } }))
  const seen: WindowState<number>[] = []
  const sink = consumer<WindowState<number>>(events => void seen.push(...events))
  await sink.subscribeTo(windows, { maxDemand: 2, manual: true }).then(subscription => subscription.ask(4))
  await waitFor(() => seen.length === 4)
  await windows.stop()
  await sink.done
  await turns(5)
  t.is(source.metrics().subscribers, 0)
  await source.stop()
})

test('FL-11: takeSorted is sort and take', async t => {
  const random = Array.from({ length: 2000 }, () => Math.floor(Math.random() * 10_000))
  const events = () => producer(random).events()
  t.deepEqual(await takeSorted(events(), 100), [...random].sort((one, other) => one - other).slice(0, 100))
  const descending = (one: number, other: number): number => other - one
  t.deepEqual(await takeSorted(events(), 100, descending), [...random].sort(descending).slice(0, 100))
  t.deepEqual(await takeSorted(producer([2, 1]).events(), 5), [1, 2])
  // Those that compare alike stay as they came.
  const pairs = range(0, 50).map(n => ({ key: n % 3, n }))
  const byKey = (one: { key: number }, other: { key: number }): number => one.key - other.key
  t.deepEqual(await takeSorted(producer(pairs).events(), 20, byKey), [...pairs].sort(byKey).slice(0, 20))
})

/** Each partition's events as windows. */
function partitioned(count: number, hash: (n: number) => number, options: Partial<WindowOptions<number, number>>) {
  const source = producer(range(1, 11), {
    dispatcher: { type: 'partition', partitions: count, hash },
    demand: 'accumulate',
  })
  const parts = range(0, count).map(partition => windowed(source.events({ partition }), { ...sums, ...options }))
  return { source, parts }
}

const sorted = {
  initial: (): number[] => [],
  merge: (list: number[], sum: number): number[] => [...list, sum].sort((one, other) => one - other),
}

test('FL-11: departition joins what was partitioned, with its window', async t => {
  const { source, parts } = partitioned(4, n => n % 4, {})
  const joined = all(departition(parts, sorted))
  await turns(5)
  source.demand('forward')
  // 4 + 8, 1 + 5 + 9, 2 + 6 + 10, 3 + 7
  t.deepEqual(await joined, [{ window: 0, trigger: 'done', state: [10, 12, 15, 18] }])
})

test('FL-11: departition joins uneven windows, and the states of triggers', async t => {
  const uneven = partitioned(2, () => 1, { window: { type: 'count', size: 3 } })
  const joined = all(departition(uneven.parts, sorted))
  await turns(5)
  uneven.source.demand('forward')
  t.deepEqual(
    (await joined).map(({ state }) => state),
    [[0, 6], [15], [24], [10]],
  )
  const triggered = partitioned(2, n => n % 2, { trigger: { every: 2 }, reset: true })
  const sum = all(departition(triggered.parts, { initial: () => 0, merge: (total: number, n: number) => total + n }))
  await turns(5)
  triggered.source.demand('forward')
  t.deepEqual(await sum, [{ window: 0, trigger: 'done', state: 55 }])
})

test('FL-11: a window waits for the slowest partition; a partition that fails, and leaving, end all', async t => {
  const [quick, slow] = [new HandSource<WindowState<number>>(), new HandSource<WindowState<number>>()]
  const iterator = departition([quick, slow], sorted)[Symbol.asyncIterator]()
  for (const window of [0, 1]) quick.put({ window, trigger: 'done', state: window })
  slow.put({ window: 0, trigger: 'every', state: 5 })
  const first = iterator.next()
  t.is(await standing(first), 'pending')
  slow.put({ window: 0, trigger: 'done', state: 7 })
  t.deepEqual((await first).value, { window: 0, trigger: 'done', state: [0, 5, 7] })
  const second = iterator.next()
  t.is(await standing(second), 'pending')
  await iterator.return?.()
  t.true((await second).done)
  t.deepEqual([quick.returned, slow.returned], [1, 1])

  const failing = producer<WindowState<number>>(() => {
    throw new Error('torn')
  })
  const other = new HandSource<WindowState<number>>()
  await t.throwsAsync(all(departition([failing.events(), other], sorted)), { message: 'torn' })
  t.is(other.returned, 1)
})

const pairs: Readonly<Record<JoinMode, readonly [matching: string, unmatching: string]>> = {
  inner: ['1+4 2+5 3+6', ''],
  left: ['0+- 1+4 2+5 3+6', '0+- 1+- 2+- 3+-'],
  right: ['-+7 -+8 1+4 2+5 3+6', '-+4 -+5 -+6 -+7 -+8'],
  outer: ['-+7 -+8 0+- 1+4 2+5 3+6', '-+4 -+5 -+6 -+7 -+8 0+- 1+- 2+- 3+-'],
}
for (const [mode, expected] of Object.entries(pairs)) {
  test(`FL-12: boundedJoin: ${mode}, with and without matches`, async t => {
    for (const [at, shift] of [3, 0].entries()) {
      const joined = boundedJoin(numbers(0, 4), numbers(4, 9), {
        mode: mode as JoinMode,
        leftKey: n => n,
        rightKey: n => n - shift,
        join: (left, right) => `${left ?? '-'}+${right ?? '-'}`,
      })
      t.is((await all(joined)).sort().join(' '), expected[at] ?? 'nothing')
    }
  })
}

test('FL-12: of several with one key each is paired with each; followed by a map, a reduce and a window', async t => {
  const join = (left: number | undefined, right: number | undefined): number => (left ?? 0) * 100 + (right ?? 0)
  const same = { mode: 'inner' as const, leftKey: () => 'one', rightKey: () => 'one', join }
  const joined = producer(boundedJoin(numbers(1, 3), numbers(3, 5), same))
  const mapped = producerConsumer<number, number>(events => events.map(n => n + 1))
  await mapped.subscribeTo(joined)
  const told = await all(windowed(mapped.events(), { ...sums, window: { type: 'count', size: 2 } }))
  t.deepEqual(
    told.map(({ state }) => state),
    [104 + 204, 105 + 205, 0],
  )
})

test('FL-12: leaving a join ends a read that waits, on either side', async t => {
  for (const isLeft of [true, false]) {
    const hand = new HandSource<number>()
    const sides = isLeft ? [hand, numbers(0, 1)] : [numbers(0, 1), hand]
    const options = { mode: 'inner' as const, leftKey: Number, rightKey: Number, join: (left?: number) => left }
    const iterator = boundedJoin(sides[0] as AsyncIterable<number>, sides[1] as AsyncIterable<number>, options)[
      Symbol.asyncIterator
    ]()
    const next = iterator.next()
    t.is(await standing(next), 'pending')
    await iterator.return?.()
    t.true((await next).done)
    t.is(hand.returned, 1)
  }
})

test('FL-12: two producers merged into one stage', async t => {
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  const sources = [range(0, 50), range(50, 100)].map(events => producer(events))
  await Promise.all(sources.map(async source => await sink.subscribeTo(source, { cancel: 'temporary' })))
  await Promise.all(sources.map(({ done }) => done))
  await sink.stop()
  t.is(
    seen.reduce((sum, n) => sum + n, 0),
    4950,
  )
})

test('FL-14: each stage of a partitioning begins once, knowing its place and their number', async t => {
  const source = producer(range(0, 40), {
    dispatcher: { type: 'partition', partitions: 4, hash: n => n % 4 },
    demand: 'accumulate',
  })
  const begun: string[] = []
  const begin = async (index: number, count: number) => {
    begun.push(`${index} of ${count}`)
    const stage = producerConsumer<number, string>(events => events.map(n => `${index}: ${n}`))
    await stage.subscribeTo(source, { partition: index })
    return stage
  }
  const stages = await Promise.all(range(0, 4).map(async index => await begin(index, 4)))
  const results = Promise.all(stages.map(async stage => await all(stage.events())))
  await turns(5)
  source.demand('forward')
  t.is((await results).flat().length, 40)
  t.deepEqual(begun, ['0 of 4', '1 of 4', '2 of 4', '3 of 4'])
})

test('bad options are errors that name them', async t => {
  const events = numbers(0, 1)
  const join = { mode: 'inner' as const, leftKey: Number, rightKey: Number, join: Number }
  for (const [act, name] of [
    [() => windowed([] as never, sums), 'source'],
    [() => windowed(events, null as never), 'options'],
    [() => windowed(events, { ...sums, reduce: 1 as never }), 'reduce'],
    [() => windowed(events, { ...sums, window: { type: 'other' } as never }), 'window.type'],
    [() => windowed(events, { ...sums, window: { type: 'count', size: 0 } }), 'window.size'],
    [() => windowed(events, { ...sums, window: { type: 'periodic', every: Infinity } }), 'window.every'],
    [() => windowed(events, { ...sums, window: { ...fixed(Number), lateness: -1 } }), 'window.lateness'],
    [() => windowed(events, { ...sums, trigger: { every: 1.5 } }), 'trigger.every'],
    [() => windowed(events, { ...sums, trigger: { interval: 0 } }), 'trigger.interval'],
    [() => departition([], sorted), 'sources'],
    [() => departition([numbers(0, 1) as never], { ...sorted, merge: 1 as never }), 'merge'],
    [() => boundedJoin(events, 1 as never, join), 'right'],
    [() => boundedJoin(events, events, { ...join, mode: 'cross' as never }), 'mode'],
  ] as const) {
    const error = t.throws(act, { code: 'ERR_INVALID_OPTION' })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
  await t.throwsAsync(takeSorted(events, 0), { code: 'ERR_INVALID_OPTION' })
  const timeless = windowed(numbers(0, 1), { ...sums, window: { type: 'fixed', every: 1, timeOf: () => NaN } })
  await t.throwsAsync(all(timeless), { code: 'ERR_INVALID_OPTION' })
})
