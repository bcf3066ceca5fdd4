// Batches of any source: when one is whole, when it goes out, how it ends.
import test, { type ExecutionContext } from 'ava'
import { batch, Channel, type BatchOptions } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns } from '../helpers/wait-for.ts'

function manualClock(t: ExecutionContext): ManualClock {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  return clock
}

interface Taken<T> {
  readonly items: T[]
  readonly at: number
}

/** Takes batches as they come, and notes when. */
function take<T>(clock: ManualClock, batches: AsyncIterable<T[]>): { taken: Taken<T>[]; loop: Promise<void> } {
  const taken: Taken<T>[] = []
  const loop = (async () => {
    for await (const items of batches) taken.push({ items, at: clock.now - 1000 })
  })()
  return { taken, loop }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

async function* ready<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}

test('S3.11: a source that has items ready gives whole batches, then the rest, in order', async t => {
  const batches = await all(batch(ready(range(0, 25)), { maxSize: 10 }))
  t.deepEqual(batches, [range(0, 10), range(10, 20), range(20, 25)])
})

test.serial(
  'BAT natural: nothing is held back: an item that comes alone goes out in the same turn, without a timer',
  async t => {
    const clock = manualClock(t)
    const source = new HandSource<number>()
    const { taken } = take(clock, batch(source, { maxSize: 100 }))
    await turns()
    source.put(1)
    await turns(1)
    t.deepEqual(taken, [{ items: [1], at: 0 }])
    t.is(clock.timers, 0)
  },
)

test('S3.12: natural batches grow while the consumer is busy: all that came meanwhile is the next one', async t => {
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 100 })[Symbol.asyncIterator]()
  const first = batches.next()
  source.put(0)
  t.deepEqual((await first).value, [0])
  for (const item of range(1, 41)) {
    source.put(item)
    await turns()
  }
  t.deepEqual((await batches.next()).value, range(1, 41))
})

test.serial('S3.9: the deadline counts from the first item: a steady trickle does not restart it', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const { taken, loop } = take(clock, batch(source, { maxSize: 1000, maxDelay: 50 }))
  const cameAt: number[] = []
  for (const item of range(0, 300)) {
    cameAt.push(clock.now - 1000)
    source.put(item)
    await clock.advance(1)
  }
  source.end()
  await loop
  t.true(taken.length >= 6)
  for (const { items, at } of taken) t.true(at - cameAt[items[0]!]! <= 50, `${at - cameAt[items[0]!]!} ms`)
  t.deepEqual(
    taken.flatMap(({ items }) => items),
    range(0, 300),
  )
})

test.serial(
  'S3.11: a batch waits for more until it is whole or its deadline is over, whichever comes first',
  async t => {
    const clock = manualClock(t)
    const source = new HandSource<number>()
    const { taken } = take(clock, batch(source, { maxSize: 3, maxDelay: 50 }))
    source.put(1, 2)
    await clock.advance(49)
    t.deepEqual(taken, [])
    await clock.advance(1)
    source.put(3)
    await clock.advance(20)
    source.put(4, 5)
    await clock.advance(200)
    t.deepEqual(taken, [
      { items: [1, 2], at: 50 },
      { items: [3, 4, 5], at: 70 },
    ])
  },
)

test.serial('S3.10, BAT-7: at the end of the source the rest goes out at once, and then the loop ends', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const { taken, loop } = take(clock, batch(source, { maxSize: 100, maxDelay: 5000 }))
  source.put(1, 2)
  await clock.advance(10)
  source.end()
  await loop
  t.deepEqual(taken, [{ items: [1, 2], at: 10 }])
  t.is(clock.timers, 0)
})

test.serial(
  'S3.13: a burst of 3 × 200 with maxSize 100 is six batches of 100, none later than its deadline',
  async t => {
    const clock = manualClock(t)
    const source = new HandSource<number>()
    const { taken } = take(clock, batch(source, { maxSize: 100, maxDelay: 50 }))
    for (const burst of range(0, 3)) {
      source.put(...range(burst * 200, burst * 200 + 200))
      await clock.advance(30)
    }
    t.deepEqual(
      taken.map(({ items, at }) => [items.length, at]),
      [0, 0, 30, 30, 60, 60].map(at => [100, at]),
    )
  },
)

test.serial('BAT-1: no batch is ever empty, whatever timers and ends there are', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const { taken, loop } = take(clock, batch(source, { maxSize: 2, maxDelay: 10 }))
  await clock.advance(100)
  source.put(1, 2)
  await clock.advance(100)
  source.put(3)
  await clock.advance(100)
  source.end()
  await loop
  t.deepEqual(
    taken.map(({ items }) => items),
    [[1, 2], [3]],
  )
  t.deepEqual(await all(batch(ready([]), { maxSize: 2, maxDelay: 10 })), [])
})

test.serial('BAT-2: size, bytes, deadline, idleness, end and a key too many each send a batch', async t => {
  const clock = manualClock(t)
  const sent = async (
    options: BatchOptions<string>,
    act: (source: HandSource<string>) => unknown,
  ): Promise<string[]> => {
    const source = new HandSource<string>()
    const { taken } = take(clock, batch(source, options))
    source.put('a', 'b')
    await turns()
    if (options.maxDelay !== undefined) t.deepEqual(taken, [])
    await act(source)
    await turns()
    return taken[0]!.items
  }
  t.deepEqual(await sent({ maxSize: 3, maxDelay: 50 }, source => source.put('c')), ['a', 'b', 'c'])
  t.deepEqual(await sent({ maxSize: 9, maxDelay: 50, maxBytes: 3 }, source => source.put('cc')), ['a', 'b'])
  t.deepEqual(await sent({ maxSize: 9, maxDelay: 50 }, () => clock.advance(50)), ['a', 'b'])
  t.deepEqual(await sent({ maxSize: 9 }, () => undefined), ['a', 'b'])
  t.deepEqual(await sent({ maxSize: 9, maxDelay: 50 }, source => source.end()), ['a', 'b'])
  const keyed = { maxSize: 9, maxDelay: 50, maxKeys: 1, key: (item: string) => (item < 'c' ? 'low' : 'high') }
  t.deepEqual(await sent(keyed, source => source.put('c')), ['a', 'b'])
})

test.serial('BAT-3: a timer never sends a newer batch early, and there is one at most', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const { taken } = take(clock, batch(source, { maxSize: 2, maxDelay: 50 }))
  source.put(1)
  await clock.advance(40)
  source.put(2, 3)
  await clock.advance(10)
  t.is(taken.length, 1)
  t.is(clock.timers, 1)
  await clock.advance(39)
  t.is(taken.length, 1)
  await clock.advance(1)
  t.deepEqual(taken[1], { items: [3], at: 90 })
  t.is(clock.timers, 0)
})

test.serial(
  'BAT-10: the time is a monotone one: a clock on the wall that jumps sends no batch, and holds none back',
  async t => {
    const clock = manualClock(t)
    const now = Date.now
    t.teardown(() => (Date.now = now))
    for (const jump of [86_400_000, -86_400_000]) {
      const channel = new Channel<number>(10)
      const batches = batch(channel, { maxSize: 10, maxDelay: 50 })[Symbol.asyncIterator]()
      const first = batches.next()
      await channel.send(1)
      await clock.advance(20)
      Date.now = () => now() + jump
      await clock.advance(20)
      t.is(await standing(first), 'pending')
      await clock.advance(10)
      t.deepEqual((await first).value, [1])
      await batches.return?.()
    }
  },
)

test.serial('no timer when idle: none without items, none while nobody waits', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 10, maxDelay: 50 })[Symbol.asyncIterator]()
  const first = batches.next()
  await turns()
  t.is(clock.timers, 0)
  source.put(1)
  await turns()
  t.is(clock.timers, 1)
  await clock.advance(50)
  t.deepEqual((await first).value, [1])
  source.put(2)
  await turns()
  t.is(clock.timers, 0)
  // Nobody waited, but time went by: its deadline is over.
  await clock.advance(50)
  t.deepEqual((await batches.next()).value, [2])
})

test('BAT-4: several that wait are served in order, one batch each', async t => {
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 2 })[Symbol.asyncIterator]()
  const three = [batches.next(), batches.next(), batches.next()]
  source.put(...range(0, 5))
  await turns()
  source.end()
  const results = await Promise.all(three)
  t.deepEqual(
    results.map(({ value }) => value as unknown),
    [[0, 1], [2, 3], [4]],
  )
  t.deepEqual(await batches.next(), { done: true, value: undefined })
})

test.serial(
  'BAT-5, S3.17: while the consumer is busy the batch fills beyond its deadline, up to maxSize; then the source is asked for no more',
  async t => {
    const clock = manualClock(t)
    const source = new HandSource<number>()
    const batches = batch(source, { maxSize: 5, maxDelay: 10 })[Symbol.asyncIterator]()
    const first = batches.next()
    source.put(0)
    await clock.advance(10)
    t.deepEqual((await first).value, [0])
    for (const item of range(1, 21)) {
      source.put(item)
      await clock.advance(10)
    }
    t.is(source.asked, 6)
    t.is(source.waiting, 15)
    t.deepEqual((await batches.next()).value, range(1, 6))
  },
)

test('nothing is asked of the source before the first batch is', async t => {
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 5 })[Symbol.asyncIterator]()
  await turns()
  t.is(source.asked, 0)
  await batches.return?.()
  t.is(source.asked, 0)
})

test('BAT-6: an item larger than maxBytes is a batch of its own; sizes are asked once for each item', async t => {
  const asked: string[] = []
  const sizeOf = (item: string): number => {
    asked.push(item)
    return item.length
  }
  const items = ['aa', 'b', 'cccccccc', 'd', 'eeee', 'f']
  t.deepEqual(await all(batch(ready(items), { maxSize: 10, maxBytes: 4, sizeOf })), [
    ['aa', 'b'],
    ['cccccccc'],
    ['d'],
    ['eeee'],
    ['f'],
  ])
  t.deepEqual(asked, items)
  const bytes = [new Uint8Array(3), new Uint8Array(2)]
  t.is((await all(batch(ready(bytes), { maxSize: 10, maxBytes: 4 }))).length, 2)
  t.deepEqual(await all(batch(ready(['é', 'é']), { maxSize: 10, maxBytes: 2 })), [['é'], ['é']])
})

test('BAT-8: the error of the source comes once, after what came before it', async t => {
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 10, maxDelay: 1000 })[Symbol.asyncIterator]()
  const first = batches.next()
  const second = batches.next()
  source.put(1)
  await turns()
  const error = new Error('broken')
  source.fail(error)
  t.deepEqual((await first).value, [1])
  t.is(await t.throwsAsync(second), error)
  t.deepEqual(await batches.next(), { done: true, value: undefined })

  const later = batch(new Failing(error), { maxSize: 10 })[Symbol.asyncIterator]()
  t.is(await t.throwsAsync(later.next()), error)
  t.true((await later.next()).done)
})

class Failing implements AsyncIterable<never> {
  readonly #error: Error
  constructor(error: Error) {
    this.#error = error
  }
  [Symbol.asyncIterator](): AsyncIterator<never> {
    throw this.#error
  }
}

test('BAT-8: what sizeOf and key throw, or give wrongly, ends it and the source, after what came before', async t => {
  for (const options of [
    { maxBytes: 10, sizeOf: (item: number) => (item === 2 ? NaN : 1) },
    {
      key: (item: number) => {
        if (item === 2) throw new Error('no key')
        return 'one'
      },
    },
    { maxBytes: 10 },
  ] as Partial<BatchOptions<number>>[]) {
    const source = new HandSource<number>()
    const taken: number[][] = []
    const loop = (async () => {
      for await (const items of batch(source, { maxSize: 10, ...options })) taken.push(items)
    })()
    source.put(1, 2, 3)
    await t.throwsAsync(loop)
    t.deepEqual(taken, options.sizeOf === undefined && options.maxBytes ? [] : [[1]])
    t.is(source.returned, 1)
  }
})

test('BAT-9: keys have batches of their own; a key too many sends the oldest', async t => {
  const key = (item: number): number => item % 10
  const items = [1, 2, 11, 3, 21, 12, 4, 5]
  t.deepEqual(await all(batch(ready(items), { maxSize: 3, key, maxKeys: 3 })), [[1, 11, 21], [2, 12], [3], [4], [5]])
})

test.serial('BAT-9: each key has the deadline of its own first item, and one timer is enough', async t => {
  const clock = manualClock(t)
  const source = new HandSource<number>()
  const { taken } = take(clock, batch(source, { maxSize: 3, maxDelay: 50, key: item => item % 2 }))
  source.put(1)
  await clock.advance(20)
  source.put(2, 3)
  await clock.advance(20)
  source.put(5, 7)
  t.is(clock.timers, 1)
  await clock.advance(200)
  t.deepEqual(taken, [
    { items: [1, 3, 5], at: 40 },
    { items: [2], at: 70 },
    { items: [7], at: 90 },
  ])
})

test.serial(
  'targetLatency: batches grow while the consumer is faster than that, and shrink when it is slower',
  async t => {
    const clock = manualClock(t)
    let cost = 1
    const sizes: number[] = []
    for await (const items of batch(ready(range(0, 3000)), { maxSize: 50, targetLatency: 100 })) {
      sizes.push(items.length)
      if (sizes.length === 60) cost = 5
      await clock.advance(items.length * cost)
    }
    t.is(sizes[0], 1)
    t.is(Math.max(...sizes.slice(0, 60)), 50)
    const settled = sizes.slice(90, -1)
    t.true(settled.length > 20)
    t.true(
      settled.every(size => size >= 15 && size <= 25),
      String(settled),
    )
  },
)

test('return() answers at once while next() is parked, and asks the source to end', async t => {
  const source = new HandSource<number>()
  const batches = batch(source, { maxSize: 10 })[Symbol.asyncIterator]()
  const parked = batches.next()
  await turns()
  t.deepEqual(await batches.return!(), { done: true, value: undefined })
  t.deepEqual(await parked, { done: true, value: undefined })
  t.is(source.returned, 1)
  t.is(await standing(batches.next()), 'fulfilled')
})

test('leaving the loop early ends the source, and no more is read', async t => {
  let isEnded = false
  let given = 0
  async function* endless(): AsyncGenerator<number> {
    try {
      for (;;) {
        given += 1
        yield given
        await turns(1)
      }
    } finally {
      isEnded = true
    }
  }
  for await (const items of batch(endless(), { maxSize: 3 })) if (items.includes(1)) break
  await turns(5)
  t.true(isEnded)
  t.true(given < 8)
})

test('a ready source and a fast consumer leave the event loop its turns', async t => {
  let isOver = false
  setImmediate(() => (isOver = true))
  let count = 0
  for await (const items of batch(ready(range(0, 2_000_000)), { maxSize: 10 })) {
    count += items.length
    if (isOver) break
  }
  t.true(isOver)
  t.true(count < 2_000_000)
})

test('batches are single use, and bad options are errors that name them', t => {
  const once = batch(ready([1]), { maxSize: 1 })
  once[Symbol.asyncIterator]()
  t.throws(() => once[Symbol.asyncIterator](), { code: 'ERR_STREAM_CONSUMED' })
  t.throws(() => batch([1] as never, { maxSize: 1 }), { code: 'ERR_INVALID_OPTION', message: /`source`/u })
  for (const [options, name] of [
    [{}, 'maxSize'],
    [{ maxSize: 0 }, 'maxSize'],
    [{ maxSize: 1, maxDelay: -1 }, 'maxDelay'],
    [{ maxSize: 1, maxBytes: 0 }, 'maxBytes'],
    [{ maxSize: 1, sizeOf: 1 }, 'sizeOf'],
    [{ maxSize: 1, key: 'id' }, 'key'],
    [{ maxSize: 1, maxKeys: 0 }, 'maxKeys'],
    [{ maxSize: 1, targetLatency: 0 }, 'targetLatency'],
  ] as [object, string][]) {
    const error = t.throws(() => batch(ready([1]), options as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.includes(`\`${name}\``), error?.message)
  }
})
