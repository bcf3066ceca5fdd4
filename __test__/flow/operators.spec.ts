// What each step does with the values that come.
import test from 'ava'
import { Channel, flow, type DropReason } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function* asynchronous<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values
}

// All of this file runs at once, and may have a small part of a processor.
const PATIENT = { deadline: 30_000 }

test('every kind of source gives its values', async t => {
  const channel = new Channel<number>(3)
  for (const value of [1, 2, 3]) channel.trySend(value)
  channel.close()
  const sources = [
    [1, 2, 3],
    new Set([1, 2, 3]),
    asynchronous([1, 2, 3]),
    channel,
    flow([1, 2, 3]),
    flow(asynchronous([1, 2, 3])),
  ]
  for (const source of sources) t.deepEqual(await flow<number>(source).toArray(), [1, 2, 3])
  t.deepEqual(await flow(new Map([['a', 1]])).toArray(), [['a', 1]])
  t.deepEqual(await flow('äb').toArray(), ['ä', 'b'])
  t.deepEqual(await flow([]).toArray(), [])
})

test('undefined, null and symbols are values as any other', async t => {
  const odd = [undefined, null, Symbol.iterator, Number.NaN, '']
  t.deepEqual(
    await flow(odd)
      .map(x => x)
      .toArray(),
    odd,
  )
  t.deepEqual(
    await flow(odd)
      .map(async x => x, { concurrency: 2 })
      .buffer(1)
      .toArray(),
    odd,
  )
  t.deepEqual(
    await flow(odd)
      .flatMap(x => [x, x])
      .toArray(),
    odd.flatMap(x => [x, x]),
  )
})

for (const [kind, one] of [
  ['at once', (x: number): number => x + 1],
  ['later', async (x: number): Promise<number> => x + 1],
  // oxlint-disable-next-line unicorn/no-thenable -- what this is about
  ['a thenable', (x: number): Promise<number> => ({ then: (done: (value: number) => void) => done(x + 1) }) as never],
  ['sometimes later', (x: number): number | Promise<number> => (x % 3 === 0 ? Promise.resolve(x + 1) : x + 1)],
] as const) {
  for (const options of [{}, { concurrency: 3 }, { concurrency: 3, capacity: 0 }, { capacity: 10 }]) {
    test(`map keeps the order and loses nothing: ${kind}, ${JSON.stringify(options)}`, async t => {
      const expected = range(50).map(x => x + 1)
      t.deepEqual(await flow(range(50)).map(one, options).toArray(), expected)
      t.deepEqual(
        await flow(asynchronous(range(50)))
          .map(one, options)
          .toArray(),
        expected,
      )
      const unordered = await flow(range(50))
        .map(one, { ...options, ordered: false })
        .toArray()
      t.deepEqual(
        unordered.sort((a, b) => a - b),
        expected,
      )
    })
  }
}

test('filter keeps what is true, also when it says so later', async t => {
  const even = range(50).filter(x => x % 2 === 0)
  t.deepEqual(
    await flow(range(50))
      .filter(x => x % 2 === 0)
      .toArray(),
    even,
  )
  t.deepEqual(
    await flow(range(50))
      .filter(async x => x % 2 === 0)
      .toArray(),
    even,
  )
  t.deepEqual(
    await flow(range(50))
      .filter(async () => false)
      .filter(() => true)
      .toArray(),
    [],
  )
  t.deepEqual(
    await flow(range(3))
      .filter(() => 'yes' as never)
      .toArray(),
    [0, 1, 2],
  )
})

test('tap is waited for, and changes nothing', async t => {
  const seen: string[] = []
  const steps = flow(range(2))
    .tap(async x => {
      await turns()
      seen.push(`tap ${x}`)
      return 5 as never
    })
    .tap(x => void seen.push(`go on ${x}`))
  t.deepEqual(await steps.toArray(), [0, 1])
  t.true(seen.indexOf('tap 0') < seen.indexOf('go on 0'))
})

test('flatMap takes arrays, generators, async iterables, and promises of arrays', async t => {
  const expected = range(5).flatMap(x => [x, -x])
  const forms = [
    (x: number) => [x, -x],
    async (x: number) => [x, -x],
    function* (x: number): Generator<number, void> {
      yield x
      yield -x
    },
    (x: number) => asynchronous([x, -x]),
    (x: number) => flow([x, -x]),
  ]
  for (const form of forms) {
    for (const concurrency of [1, 3]) {
      const steps = flow(range(5)).flatMap<number>(form as never, { concurrency })
      t.deepEqual(await steps.toArray(), expected)
      const unordered = await flow(asynchronous(range(5)))
        .flatMap<number>(form as never, { concurrency, ordered: false })
        .toArray()
      t.deepEqual(
        unordered.sort((a, b) => a - b),
        [...expected].sort((a, b) => a - b),
      )
    }
  }
  t.deepEqual(
    await flow(range(100))
      .flatMap(() => [])
      .toArray(),
    [],
  )
})

test('flatMap asks what a callback gave for one value ahead, and no more', async t => {
  const sources = [new HandSource<number>(), new HandSource<number>()]
  for (const source of sources) source.put(1, 2, 3, 4)
  const steps = flow(sources).flatMap(source => source, { concurrency: 2 })
  const iterator = steps[Symbol.asyncIterator]()
  t.deepEqual(await iterator.next(), { done: false, value: 1 })
  await waitFor(() => sources[1]?.asked === 1, PATIENT)
  await turns(3)
  t.deepEqual(
    sources.map(source => source.asked),
    [2, 1],
  )
  await iterator.return?.()
  t.deepEqual(
    sources.map(source => source.returned),
    [1, 1],
  )
})

test('out of order, flatMap serves whoever has something', async t => {
  const sources = [new HandSource<string>(), new HandSource<string>()]
  const came: string[] = []
  const done = flow(sources)
    .flatMap(source => source, { concurrency: 2, ordered: false })
    .forEach(value => void came.push(value))
  for (const [source, value] of [
    [1, 'a'],
    [0, 'b'],
    [1, 'c'],
  ] as const) {
    sources[source]?.put(value)
    await waitFor(() => came.at(-1) === value, PATIENT)
  }
  for (const source of sources) source.end()
  await done
  t.deepEqual(came, ['a', 'b', 'c'])
})

test('callbacks are tried again as retry says, and keep their place', async t => {
  const tries = new Map<number, number>()
  const flaky = async (x: number): Promise<number> => {
    const before = tries.get(x) ?? 0
    tries.set(x, before + 1)
    if (x % 2 === 0 && before < 2) throw new Error(`try ${before} of ${x}`)
    return x
  }
  const retry = { attempts: 3, initial: 1, jitter: false }
  t.deepEqual(await flow(range(6)).map(flaky, { concurrency: 3, retry }).toArray(), range(6))
  t.deepEqual([...tries.values()], [3, 1, 3, 1, 3, 1])
  const given = flow([1]).map(
    () => {
      throw new Error('never')
    },
    { retry: { attempts: 2, initial: 0 } },
  )
  await t.throwsAsync(given.toArray(), { message: 'never' })
  const picky = { attempts: 5, initial: 0, retryIf: (error: unknown) => (error as Error).message !== 'fatal' }
  let calls = 0
  const fatal = flow([1]).map(
    () => {
      calls += 1
      throw new Error(calls === 2 ? 'fatal' : 'try again')
    },
    { retry: picky },
  )
  await t.throwsAsync(fatal.toArray(), { message: 'fatal' })
  t.is(calls, 2)
})

test('the end of a flow ends the wait for another try', async t => {
  const tried = deferred()
  const done = flow([0, 1])
    .map(
      async x => {
        if (x === 1) await tried.promise
        tried.resolve()
        throw new Error(`${x}`)
      },
      {
        concurrency: 2,
        retry: {
          attempts: 2,
          initial: 1e9,
          max: 1e9,
          jitter: false,
          retryIf: error => (error as Error).message === '0',
        },
      },
    )
    .toArray()
  await t.throwsAsync(done, { message: '1' })
})

test('batch gives whole batches of what is ready, and the rest at the end', async t => {
  const sizes = async (steps: AsyncIterable<number[]>): Promise<number[]> => {
    const lengths: number[] = []
    for await (const items of steps) lengths.push(items.length)
    return lengths
  }
  t.deepEqual(await sizes(flow(range(25)).batch({ maxSize: 10 })), [10, 10, 5])
  t.deepEqual(
    await sizes(
      flow(asynchronous(range(25)))
        .map(async x => x)
        .batch({ maxSize: 10, maxDelay: 10_000 }),
    ),
    [10, 10, 5],
  )
  t.deepEqual(await sizes(flow(range(5)).batch({ maxSize: Infinity })), [5])
  t.deepEqual(await sizes(flow([]).batch({ maxSize: 5 })), [])
  const byKey = await flow(range(10))
    .batch({ maxSize: 10, key: x => x % 2 })
    .toArray()
  t.deepEqual(byKey, [
    [0, 2, 4, 6, 8],
    [1, 3, 5, 7, 9],
  ])
  const nested = await flow(range(6)).batch({ maxSize: 2 }).batch({ maxSize: 2 }).toArray()
  t.deepEqual(nested, [
    [
      [0, 1],
      [2, 3],
    ],
    [[4, 5]],
  ])
})

test('natural batches of values that take more than a turn to get are whole nevertheless', async t => {
  const busy = (x: number): number => {
    const until = performance.now() + 0.2
    while (performance.now() < until);
    return x
  }
  for (const source of [range(60), asynchronous(range(60))]) {
    const batches = await flow<number>(source)
      .map(busy)
      .filter(x => x % 2 === 0)
      .batch({ maxSize: 10 })
      .toArray()
    t.deepEqual(
      batches.map(items => items.length),
      [10, 10, 10],
    )
  }
})

test.serial('a batch waits for no longer than maxDelay from its first item', async t => {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const source = new HandSource<number>()
  const came: number[][] = []
  const done = flow(source)
    .batch({ maxSize: 100, maxDelay: 50 })
    .forEach(items => void came.push(items))
  for (const value of range(6)) {
    source.put(value)
    await clock.advance(10)
  }
  t.deepEqual(came, [[0, 1, 2, 3, 4]])
  source.end()
  await done
  t.deepEqual(came, [[0, 1, 2, 3, 4], [5]])
})

test('buffer fills while the consumer is busy, and its policy decides what is kept', async t => {
  const dropped: [number, DropReason][] = []
  const onDrop = (value: number, reason: DropReason): void => void dropped.push([value, reason])
  for (const [overflow, kept] of [
    ['drop-oldest', [0, 8, 9]],
    ['drop-newest', [0, 1, 2]],
  ] as const) {
    const source = new HandSource<number>()
    const gate = deferred()
    const came: number[] = []
    dropped.length = 0
    const done = flow(source)
      .buffer({ capacity: 2, overflow, onDrop })
      .forEach(async value => {
        came.push(value)
        await gate.promise
      })
    source.put(0)
    await waitFor(() => came.length === 1, PATIENT)
    source.put(...range(10).slice(1))
    await waitFor(() => dropped.length === 7, PATIENT)
    gate.resolve()
    await turns(2)
    source.end()
    await done
    t.deepEqual(came, kept)
  }
  const strict = flow(range(10)).buffer({ capacity: 2, overflow: 'error' }).toArray()
  const error = await t.throwsAsync(strict, { code: 'ERR_CHANNEL_FULL' })
  // The consumer may have taken some, when the source was made to pause.
  t.true((error as unknown as { value: number }).value >= 2)
})

test('buffer bounds bytes as well, and tells what it drops in the end', async t => {
  const texts = ['aaaa', 'bb', 'cccccc', 'd']
  const steps = flow(texts).buffer({ capacity: 10, maxBytes: 6 })
  t.deepEqual(await steps.map(async x => x).toArray(), texts)
  t.is(steps.metrics().at(-1)?.heldBytes, 0)
  const dropped: unknown[] = []
  const onDrop = (value: number, reason: DropReason): void => void dropped.push([value, reason])
  for await (const value of flow(range(10)).buffer({ capacity: 5, onDrop })) if (value === 1) break
  t.true(dropped.length > 0)
  t.deepEqual(new Set(dropped.map(drop => (drop as [number, string])[1])), new Set(['canceled']))
})

test('a rendezvous hands over, and with a policy drops what nobody waits for', async t => {
  t.deepEqual(
    await flow(range(5))
      .buffer(0)
      .map(async x => x)
      .toArray(),
    range(5),
  )
  const source = new HandSource<number>()
  const dropped: number[] = []
  const gates = [deferred(), deferred()]
  const came: number[] = []
  const steps = flow(source).buffer({
    capacity: 0,
    overflow: 'drop-newest',
    onDrop: value => void dropped.push(value),
  })
  const isWaiting = (): boolean => steps.metrics()[1]?.waitingReceivers === 1
  const done = steps.forEach(async value => {
    came.push(value)
    await gates[value]?.promise
  })
  await waitFor(isWaiting, PATIENT)
  source.put(0)
  await waitFor(() => came.length === 1, PATIENT)
  source.put(1, 2)
  await waitFor(() => dropped.length === 2, PATIENT)
  gates[0]?.resolve()
  await waitFor(isWaiting, PATIENT)
  source.put(3)
  await waitFor(() => came.length === 2, PATIENT)
  source.end()
  await done
  t.deepEqual(came, [0, 3])
  t.deepEqual(dropped, [1, 2])
})

test.serial('rate lets values through evenly, with a burst first, and delays no end', async t => {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  const came: number[] = []
  let isOver = false
  const done = flow(range(5))
    .rate({ limit: 10, interval: 1000, burst: 2 })
    .forEach(() => void came.push(clock.now - 1000))
    .then(() => (isOver = true))
  await clock.advance(250)
  t.deepEqual(came, [0, 0, 100, 200])
  await clock.advance(50)
  t.deepEqual(came, [0, 0, 100, 200, 300])
  await turns(3)
  t.true(isOver)
  await done
  t.is(clock.timers, 0)
})

test('lines joins what the pieces cut, of text and bytes', async t => {
  const text = 'one\r\ntwö\n\nthree\nlast'
  const expected = ['one', 'twö', '', 'three', 'last']
  t.deepEqual(await flow([text]).lines().toArray(), expected)
  t.deepEqual(await flow(text).lines().toArray(), expected)
  const bytes = [...Buffer.from(text)].map(byte => Uint8Array.of(byte))
  t.deepEqual(await flow(bytes).lines().toArray(), expected)
  t.deepEqual(
    await flow([...bytes, '\nmore\n'])
      .map(async x => x)
      .lines()
      .toArray(),
    [...expected, 'more'],
  )
  t.deepEqual(await flow(['a;b', ';;c']).lines({ delimiter: ';;', keepDelimiter: true }).toArray(), ['a;b;;', 'c'])
  t.deepEqual(await flow([]).lines().toArray(), [])
  t.deepEqual(await flow(['', '']).lines().toArray(), [])
})

test('lines takes pieces of any size, and refuses a line that is too long after those before it', async t => {
  const many = range(100_000).map(String)
  t.deepEqual(
    await flow([many.join('\n')])
      .lines()
      .toArray(),
    many,
  )
  const long = ['x'.repeat(300_000), 'y'.repeat(200_000)]
  t.deepEqual(
    await flow([long.join('\n')])
      .lines()
      .toArray(),
    long,
  )
  const came: string[] = []
  const done = flow(['a\nb\n', 'c'.repeat(50)])
    .lines({ maxLength: 10 })
    .forEach(line => void came.push(line))
  await t.throwsAsync(done, { code: 'ERR_LINE_TOO_LONG' })
  t.deepEqual(came, ['a', 'b'])
})

test('lines refuses a last line of which only the end of the input shows that it is too long', async t => {
  const done = flow(['abcde']).lines({ delimiter: '--', maxLength: 4 }).toArray()
  await t.throwsAsync(done, { code: 'ERR_LINE_TOO_LONG' })
})

test('reduce and forEach take values in order, one at a time', async t => {
  const total = await flow(range(10)).reduce(async (sum, value) => `${sum}${value}`, '')
  t.is(total, '0123456789')
  t.is(await flow([1, 2]).reduce((sum, value) => sum + value, 10), 13)
  t.is(await flow<number>([]).reduce(() => 1, 7), 7)
  let running = 0
  await flow(asynchronous(range(20))).forEach(async () => {
    t.is(running, 0)
    running += 1
    await turns()
    running -= 1
  })
})
