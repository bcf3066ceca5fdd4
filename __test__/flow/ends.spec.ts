// How a flow ends: by itself, by an error, given up, or left early; what then becomes of its callbacks and its source.
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import test from 'ava'
import { Channel, command, flow, merge, SluiceError, type Flow } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Numbers without end, and what becomes of them. */
function* numbers(log: string[]): Generator<number> {
  try {
    for (let i = 0; ; i++) yield i
  } finally {
    log.push('source ended')
  }
}

async function* asyncNumbers(log: string[]): AsyncGenerator<number> {
  yield* numbers(log)
}

/** Fulfils when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

for (const source of [numbers, asyncNumbers]) {
  test(`the first error aborts every signal, waits for running callbacks, ends the source and rejects once: ${source.name}`, async t => {
    const log: string[] = []
    const failure = new Error('three')
    const done = flow(source(log))
      .map(
        async (x, { signal }) => {
          if (x === 3) throw failure
          await aborted(signal)
          t.is(signal.reason, failure)
          await turns(2)
          log.push(`callback ${x}`)
          throw new Error('later')
        },
        { concurrency: 4, capacity: 0 },
      )
      .toArray()
    t.is(await t.throwsAsync(done), failure)
    t.deepEqual(log.sort(), ['callback 0', 'callback 1', 'callback 2', 'source ended'])
  })
}

test('the source is ended after the last callback, and the rejection comes after that', async t => {
  const log: string[] = []
  const gate = deferred()
  const done = flow(numbers(log))
    .map(
      async x => {
        if (x === 1) throw new Error('one')
        await gate.promise
        log.push('callback ended')
      },
      { concurrency: 2 },
    )
    .forEach(() => {})
    .finally(() => log.push('rejected'))
  t.is(await standing(done), 'pending')
  t.deepEqual(log, [])
  gate.resolve()
  await t.throwsAsync(done, { message: 'one' })
  t.deepEqual(log, ['callback ended', 'source ended', 'rejected'])
})

test('after an error no callback is begun', async t => {
  const seen: number[] = []
  const done = flow(range(100))
    .map(async x => x)
    .tap(x => void seen.push(x))
    .map(x => {
      if (x === 5) throw new Error('five')
      return x
    })
    .toArray()
  await t.throwsAsync(done, { message: 'five' })
  const { length } = seen
  await turns(5)
  t.is(seen.length, length)
  t.true(length < 10)
})

const failing: readonly [string, (steps: Flow<number>) => Promise<unknown>][] = [
  ['map', steps => steps.map(throws).toArray()],
  ['map, later', steps => steps.map(rejects).toArray()],
  ['filter', steps => steps.filter(throws).toArray()],
  ['tap', steps => steps.tap(rejects).toArray()],
  ['flatMap', steps => steps.flatMap(throws).toArray()],
  ['flatMap, later', steps => steps.flatMap(rejects).toArray()],
  [
    'flatMap, in a generator',
    steps =>
      steps
        .flatMap(function* (): Generator<number, void> {
          yield throws()
        })
        .toArray(),
  ],
  [
    'flatMap, in an async generator',
    steps =>
      steps
        .flatMap(async function* () {
          yield throws()
        })
        .toArray(),
  ],
  ['batch key', steps => steps.batch({ maxSize: 2, key: throws }).toArray()],
  ['partition key', steps => Promise.all(steps.partition(2, throws).map(branch => branch.toArray()))],
  ['forEach', steps => steps.forEach(throws)],
  ['forEach, later', steps => steps.forEach(rejects)],
  ['reduce', steps => steps.reduce<number>(throws, 0)],
  ['buffer sizeOf', steps => steps.buffer({ capacity: 1, maxBytes: 1, sizeOf: throws }).toArray()],
  [
    'broadcast',
    steps =>
      Promise.all(
        steps
          .map(throws)
          .broadcast(2)
          .map(branch => branch.toArray()),
      ),
  ],
  ['merge', steps => merge(steps.map(rejects), flow(asyncNumbers([]))).toArray()],
]

function throws(): never {
  throw new Error('broken')
}

async function rejects(): Promise<never> {
  throw new Error('broken')
}

for (const [what, consume] of failing) {
  test(`an error rejects with itself and ends the source: ${what}`, async t => {
    const log: string[] = []
    await t.throwsAsync(consume(flow(numbers(log))), { message: 'broken' })
    t.deepEqual(log, ['source ended'])
  })
}

test('an error of the source is the error of the flow, and the source is not told to return', async t => {
  const source = new HandSource<number>()
  const done = flow(source)
    .map(async x => x)
    .toArray()
  source.put(1, 2)
  await turns(2)
  source.fail(new Error('broken'))
  await t.throwsAsync(done, { message: 'broken' })
  t.is(source.returned, 0)
})

test('what is ready when the source fails is still given out by a loop, then the error comes once', async t => {
  const came: unknown[] = []
  function* broken(): Generator<number> {
    yield* [1, 2, 3, 4, 5]
    throw new Error('broken')
  }
  const loop = async (): Promise<void> => {
    for await (const items of flow(broken()).batch({ maxSize: 3 })) came.push(items)
  }
  await t.throwsAsync(loop, { message: 'broken' })
  t.deepEqual(came, [
    [1, 2, 3],
    [4, 5],
  ])
  const iterator = flow(broken())[Symbol.asyncIterator]()
  for (const value of [1, 2, 3, 4, 5]) t.deepEqual(await iterator.next(), { done: false, value })
  await t.throwsAsync(iterator.next(), { message: 'broken' })
  t.deepEqual(await iterator.next(), { done: true, value: undefined })
})

test('an error ends the source although nobody asks for the next value', async t => {
  const log: string[] = []
  const steps = flow(asyncNumbers(log)).map(async x => {
    if (x === 1) throw new Error('one')
    return x
  })
  const iterator = steps[Symbol.asyncIterator]()
  t.deepEqual(await iterator.next(), { done: false, value: 0 })
  await waitFor(() => log.length > 0)
  await t.throwsAsync(iterator.next(), { message: 'one' })
  t.is((await iterator.next()).done, true)
})

test('an abort gives the whole flow up: its cause is the reason, and nothing of it is left on the signal', async t => {
  for (const where of ['source', 'consumer'] as const) {
    const log: string[] = []
    const controller = new AbortController()
    const { signal } = controller
    const given = { signal }
    const begun = deferred()
    const steps = flow(numbers(log), where === 'source' ? given : {}).map(async (_, { signal: own }) => {
      begun.resolve()
      await aborted(own)
    })
    const done = steps.toArray(where === 'consumer' ? given : {})
    await begun.promise
    controller.abort('enough')
    const error = await t.throwsAsync(done, { code: 'ABORT_ERR', name: 'AbortError' })
    t.is(error?.cause, 'enough')
    t.deepEqual(log, ['source ended'])
  }
})

test('a signal that is aborted already wins, and the source is not touched', async t => {
  const source = new HandSource<number>()
  const signal = AbortSignal.abort()
  await t.throwsAsync(flow(source, { signal }).toArray(), { code: 'ABORT_ERR' })
  await t.throwsAsync(flow(source).toArray({ signal }), { code: 'ABORT_ERR' })
  await t.throwsAsync(
    Promise.all(
      flow(source, { signal })
        .broadcast(2)
        .map(branch => branch.toArray()),
    ),
    { code: 'ABORT_ERR' },
  )
  t.is(source.asked, 0)
  t.is(source.returned, 0)
  t.deepEqual(await flow([1], { signal: new AbortController().signal }).toArray(), [1])
})

test('nothing is left on a signal, however the flow ends', async t => {
  const { signal } = new AbortController()
  const listeners = (): number => getEventListeners(signal, 'abort').length
  await flow([1], { signal }).toArray({ signal, timeout: 10_000 })
  t.is(listeners(), 0)
  await t.throwsAsync(flow([1], { signal }).forEach(throws, { signal }))
  t.is(listeners(), 0)
  for await (const value of flow(numbers([]), { signal })) {
    t.is(listeners(), 1)
    if (value === 1) break
  }
  t.is(listeners(), 0)
})

test('a timeout does the same', async t => {
  for (const timeout of [0, 5]) {
    const source = new HandSource<number>()
    const error = await t.throwsAsync(flow(source).toArray({ timeout }), { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
    t.regex(error?.message ?? '', /toArray/u)
    t.is(source.returned, 1)
  }
  for (const timeout of [10_000, Infinity]) t.deepEqual(await flow([1, 2]).toArray({ timeout }), [1, 2])
})

test('leaving the loop ends the source and aborts what is running, and the loop goes on after that', async t => {
  const log: string[] = []
  const steps = flow(asyncNumbers(log)).map(
    async (x, { signal }) => {
      if (x === 0) return x
      await aborted(signal)
      log.push('callback ended')
      throw new Error('of no interest')
    },
    { concurrency: 2 },
  )
  for await (const value of steps) {
    t.is(value, 0)
    await turns(3)
    break
  }
  t.deepEqual(log, ['callback ended', 'callback ended', 'source ended'])
})

test("return() before the first next() ends the source, unless the flow is another consumer's", async t => {
  const source = new HandSource<number>()
  const steps = flow(source).map(x => x)
  const [iterator, other] = [steps[Symbol.asyncIterator](), steps[Symbol.asyncIterator]()]
  const next = iterator.next()
  t.is((await other.return?.())?.done, true)
  t.is(source.returned, 0)
  source.put(1)
  t.deepEqual(await next, { done: false, value: 1 })
  await iterator.return?.()
  const untouched = new HandSource<number>()
  const early = flow(untouched)
  t.is((await early[Symbol.asyncIterator]().return?.())?.done, true)
  t.is(untouched.returned, 1)
  t.is(untouched.asked, 0)
  await t.throwsAsync(early.toArray(), { code: 'ERR_STREAM_CONSUMED' })
})

test('return() answers at once even while a next() is parked', async t => {
  const source = new HandSource<number>()
  const steps = flow(source).map(async x => x)
  const iterator = steps[Symbol.asyncIterator]()
  const parked = [iterator.next(), iterator.next()]
  await turns()
  t.deepEqual(await iterator.return?.(), { done: true, value: undefined })
  for (const next of parked) t.deepEqual(await next, { done: true, value: undefined })
  t.is(source.returned, 1)
  let isAborted = false
  const begun = deferred()
  const stuck = flow([1]).map((_, { signal }) => {
    begun.resolve()
    signal.addEventListener('abort', () => (isAborted = true))
    return new Promise(() => {})
  })
  const loop = stuck[Symbol.asyncIterator]()
  const next = loop.next()
  await begun.promise
  t.is((await loop.return?.())?.done, true)
  t.is((await next).done, true)
  t.true(isAborted)
})

test('return() before the first value consumes nothing', async t => {
  const source = new HandSource<number>()
  const iterator = flow(source)[Symbol.asyncIterator]()
  t.is((await iterator.return?.())?.done, true)
  t.is((await iterator.next()).done, true)
  t.is(source.asked, 0)
})

test('next() calls at once are answered in order', async t => {
  const steps = flow(asyncNumbers([])).map(async x => x)
  const iterator = steps[Symbol.asyncIterator]()
  const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
  t.deepEqual(
    results.map(step => step.value),
    [0, 1, 2],
  )
  await iterator.return?.()
})

test('an error of the source while it is ended is told, unless there is another one', async t => {
  function* clumsy(): Generator<number> {
    try {
      for (;;) yield 1
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- what this is about
      throw new Error('clumsy')
    }
  }
  await t.throwsAsync(flow(clumsy()).take(2).toArray(), { message: 'clumsy' })
  await t.throwsAsync(flow(clumsy()).forEach(throws), { message: 'broken' })
  const loop = async (): Promise<void> => {
    for await (const value of flow(clumsy())) if (value === 1) break
  }
  await t.throwsAsync(loop, { message: 'clumsy' })
})

test('take ends its source when it has the last value, and not only when more is asked for', async t => {
  const log: string[] = []
  const gate = deferred()
  const done = flow(numbers(log))
    .take(1)
    .forEach(() => gate.promise)
  await waitFor(() => log.length > 0)
  gate.resolve()
  await done
  t.deepEqual(log, ['source ended'])
})

test('take does not abort the callbacks behind it', async t => {
  const done = flow(numbers([]))
    .take(3)
    .map(
      async (x, { signal }) => {
        await turns(3)
        return signal.aborted ? -1 : x
      },
      { concurrency: 3 },
    )
    .toArray()
  t.deepEqual(await done, [0, 1, 2])
})

const enough: readonly [string, (steps: Flow<number>) => Flow<number>][] = [
  ['map', steps => steps.map(untilAborted, { concurrency: 3 })],
  [
    'flatMap, before a step that has not ended yet',
    steps =>
      steps
        .flatMap(async (x, { signal }) => [await untilAborted(x, { signal })], { concurrency: 3 })
        .map(
          async x => {
            if (x > 0) await turns(3)
            return x
          },
          { concurrency: 2 },
        ),
  ],
]

/** The first two are there at once; the others give up with the signal's reason. */
async function untilAborted(x: number, { signal }: { signal: AbortSignal }): Promise<number> {
  if (x < 2) return x
  await aborted(signal)
  throw signal.reason
}

for (const [what, derive] of enough) {
  test(`a callback that gives up because take has what it wants is no failure: ${what}`, async t => {
    const log: string[] = []
    const came: number[] = []
    await derive(flow(numbers(log)))
      .take(1)
      .forEach(async x => {
        await turns(1)
        came.push(x)
      })
    t.deepEqual(came, [0])
    t.deepEqual(log, ['source ended'])
  })
}

test('a step whose end fails does not keep what is before it from ending', async t => {
  function* clumsy(): Generator<number> {
    try {
      for (;;) yield 1
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- what this is about
      throw new Error('clumsy')
    }
  }
  const log: string[] = []
  await t.throwsAsync(flow(numbers(log)).flatMap(clumsy).take(2).toArray(), { message: 'clumsy' })
  t.deepEqual(log, ['source ended'])
  const gate = deferred()
  const slow = {
    tryReceive: () => ({ done: false, value: 2 }),
    next: async () => ({ done: false, value: 2 }),
    async return() {
      await gate.promise
      log.push('slow source ended')
      return { done: true as const, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
  const done = merge(clumsy() as never, slow)
    .take(2)
    .toArray()
  t.is(await standing(done), 'pending')
  gate.resolve()
  await t.throwsAsync(done, { message: 'clumsy' })
  t.deepEqual(log, ['source ended', 'slow source ended'])
})

test('a flow is consumed once, whatever was derived from it', async t => {
  const steps = flow([1, 2, 3])
  const first = steps.map(x => x)
  const second = steps.filter(() => true)
  t.deepEqual(await first.toArray(), [1, 2, 3])
  const code = 'ERR_STREAM_CONSUMED'
  await t.throwsAsync(second.toArray(), { code })
  await t.throwsAsync(
    first.forEach(() => {}),
    { code },
  )
  await t.throwsAsync(steps.to(new Channel<number>(1)), { code })
  await t.throwsAsync(steps[Symbol.asyncIterator]().next(), { code })
  await t.throwsAsync(Promise.all(steps.broadcast(2).map(branch => branch.toArray())), { code })
  const iterator = flow([1])[Symbol.asyncIterator]()
  await iterator.next()
  t.is((await iterator.next()).done, true)
})

test('ending early destroys a Readable, cancels a web stream and closes no channel', async t => {
  const readable = Readable.from(range(100))
  t.deepEqual(await flow<number>(readable).take(2).toArray(), [0, 1])
  t.true(readable.destroyed)

  let reason: unknown = 'not canceled'
  const web = new ReadableStream<number>(
    { pull: controller => controller.enqueue(1), cancel: given => void (reason = given) },
    { highWaterMark: 0 },
  )
  t.deepEqual(await flow(web).take(2).toArray(), [1, 1])
  t.is(reason, undefined)

  const channel = new Channel<number>(1)
  const done = flow(channel)
    .map(async x => x)
    .toArray({ timeout: 5 })
  await t.throwsAsync(done, { code: 'ERR_TIMEOUT' })
  t.false(channel.isClosed)
  t.is(channel.metrics().waitingReceivers, 0)
})

test('an error destroys a Readable that a value is awaited of', async t => {
  const readable = new Readable({ objectMode: true, read() {} })
  const done = flow<number>(readable).toArray({ timeout: 5 })
  await t.throwsAsync(done, { code: 'ERR_TIMEOUT' })
  t.true(readable.destroyed)
})

test('a web stream is unlocked at each of its ends', async t => {
  const ended = ReadableStream.from([1, 2])
  t.deepEqual(await flow(ended).toArray(), [1, 2])
  const left = ReadableStream.from([1, 2])
  t.deepEqual(await flow(left).take(1).toArray(), [1])
  const failed = new ReadableStream<number>({ pull: controller => controller.error(new Error('broken')) })
  await t.throwsAsync(flow(failed).toArray(), { message: 'broken' })
  const silent = new ReadableStream<number>()
  const loop = flow(silent)[Symbol.asyncIterator]()
  const next = loop.next()
  await turns()
  await loop.return?.()
  t.true((await next).done)
  await turns()
  for (const stream of [ended, left, failed, silent]) t.false(stream.locked)
})

test('a Readable and a web stream that fail are the failure of the flow', async t => {
  const readable = new Readable({ objectMode: true, read() {} })
  const begun = deferred()
  const done = flow<number>(readable).forEach(() => begun.resolve())
  readable.push(1)
  await begun.promise
  readable.destroy(new Error('broken'))
  await t.throwsAsync(done, { message: 'broken' })
  const web = new ReadableStream<number>({ pull: controller => controller.error(new Error('broken')) })
  await t.throwsAsync(flow(web).toArray(), { message: 'broken' })
})

test('a channel that is closed with an error gives what it holds, then that error', async t => {
  const channel = new Channel<number>(10)
  channel.trySend(1)
  channel.trySend(2)
  channel.close(new Error('broken'))
  const came: number[] = []
  await t.throwsAsync(
    flow(channel).forEach(value => void came.push(value)),
    { message: 'broken' },
  )
  t.deepEqual(came, [1, 2])
})

test('bad arguments throw, and those of what consumes a flow reject', async t => {
  const code = 'ERR_INVALID_OPTION'
  const steps = flow([1])
  const throwing: readonly [string, () => unknown][] = [
    ['source', () => flow(5 as never)],
    ['signal', () => flow([], { signal: 1 as never })],
    ['name', () => flow([], { name: 1 as never })],
    ['options', () => flow([], 1 as never)],
    ['fn', () => steps.map(1 as never)],
    ['concurrency', () => steps.map(x => x, { concurrency: 0 })],
    ['capacity', () => steps.map(x => x, { capacity: -1 })],
    ['ordered', () => steps.map(x => x, { ordered: 1 as never })],
    ['retry.attempts', () => steps.map(x => x, { retry: { attempts: 0 } })],
    ['fn', () => steps.filter(undefined as never)],
    ['fn', () => steps.flatMap({} as never)],
    ['concurrency', () => steps.flatMap(() => [], { concurrency: 1.5 })],
    ['maxSize', () => steps.batch({} as never)],
    ['options', () => steps.batch(undefined as never)],
    ['count', () => steps.take(-1)],
    ['fn', () => steps.tap('x' as never)],
    ['capacity', () => steps.buffer(-1)],
    ['options', () => steps.buffer(undefined as never)],
    ['rate.limit', () => steps.rate({ limit: 0, interval: 1 })],
    ['count', () => steps.partition(0, () => 0)],
    ['key', () => steps.partition(2, 1 as never)],
    ['count', () => steps.broadcast(Infinity)],
    ['delimiter', () => flow(['']).lines({ delimiter: '' })],
    ['command', () => flow(['']).through('cat' as never)],
    ['stdout', () => flow(['']).through(command('cat', [], { stdout: 'ignore' }))],
    ['stdin', () => flow(['']).through(command('cat', [], { stdin: 'ignore' }))],
    ['source', () => merge(flow([1]), 5 as never)],
  ]
  for (const [option, call] of throwing) {
    const error = t.throws(call, { code }, option)
    t.true((error?.message ?? '').includes(`\`${option}\``), `${option}: ${error?.message}`)
  }
  await t.throwsAsync(flow([1]).to(5 as never), { code })
  await t.throwsAsync(flow([1]).to(new Channel<number>(1), { preventClose: 1 as never }), { code })
  await t.throwsAsync(flow([1]).forEach(1 as never), { code })
  await t.throwsAsync(
    flow([1]).forEach(() => {}, { concurrency: 0 }),
    { code },
  )
  await t.throwsAsync(flow([1]).toArray({ timeout: -1 }), { code })
  await t.throwsAsync(flow([1]).reduce(1 as never, 0), { code })
  await t.throwsAsync(
    flow([1])
      .flatMap(() => 'text' as never)
      .toArray(),
    { code },
  )
  await t.throwsAsync(
    Promise.all(
      flow([1])
        .partition(2, () => ({}) as never)
        .map(branch => branch.toArray()),
    ),
    { code },
  )
  await t.throwsAsync(
    flow([{}] as never as string[])
      .lines()
      .toArray(),
    { code },
  )
  t.true(
    SluiceError.is(
      t.throws(() => flow(null as never)),
      code,
    ),
  )
})
