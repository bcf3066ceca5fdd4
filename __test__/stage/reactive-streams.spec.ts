// The rules of Reactive Streams that a stage can break, held against every kind of source, stage, dispatcher and sink. Each test has the
// number of its rule in the specification.
import test, { type ExecutionContext } from 'ava'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  Channel,
  consumer,
  messages,
  producer,
  producerConsumer,
  taskConsumer,
  type Consumer,
  type Dispatcher,
  type Message,
  type Messages,
  type Producer,
  type Subscription,
  type SubscribeOptions,
} from '../../index.ts'
import { openReader } from '../bytes/fake-endpoint.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { ending, range } from './stages.ts'

const EIO = 5

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

interface Kind {
  /** Gives 0 to count - 1, and then ends or fails. */
  open(count: number, error?: Error): Producer<number>
  readonly options?: SubscribeOptions<number>
  /** Which number an event stands for, as the so manieth. */
  readonly read?: (event: unknown, at: number) => number
  /** Its failure is one of its own. */
  readonly hasOwnError?: boolean
}

function* numbers(count: number, error: Error | undefined): Generator<number, void> {
  for (let n = 0; n < count; n++) yield n
  if (error !== undefined) throw error
}

async function* later(count: number, error: Error | undefined): AsyncGenerator<number, void> {
  for (const n of numbers(count, error)) yield n
}

function called(count: number, error: Error | undefined, isAsync: boolean): Producer<number> {
  let next = 0
  const give = (demand: number): number[] | null => {
    if (next === count && error !== undefined) throw error
    if (next === count) return null
    const from = next
    next = Math.min(count, next + demand)
    return range(from, next)
  }
  return producer<number>(isAsync ? async demand => give(demand) : give)
}

function filled(count: number, error: Error | undefined): Channel<number> {
  const channel = new Channel<number>(Infinity)
  for (const n of range(0, count)) channel.trySend(n)
  if (error === undefined) channel.close()
  else channel.close(error)
  return channel
}

function through(dispatcher: Dispatcher<number>, handle: (events: readonly number[]) => never): Kind['open'] {
  return (count, error) => {
    const middle = producerConsumer<number, number>(handle, { dispatcher })
    void middle.subscribeTo(producer(numbers(count, error)), { maxDemand: 7 })
    return middle
  }
}

/** A pipe that holds a byte for each number; each read gives one. */
function piped(count: number, error: Error | undefined): Producer<number> {
  const { pipe, reader } = openReader(undefined, count + 1)
  const read = pipe.reader.read.bind(pipe.reader)
  pipe.reader.read = (into, offset) => {
    if (pipe.held.length === 0 && error !== undefined) return -EIO
    return read(into, offset, 1)
  }
  pipe.feed(Uint8Array.from(range(0, count), n => n % 251))
  pipe.writer.close()
  return producer<Uint8Array>(reader) as unknown as Producer<number>
}

function fromByte(event: unknown, at: number): number {
  const bytes = event as Uint8Array
  if (bytes.length !== 1 || bytes[0] !== at % 251) throw new Error(`byte ${at} is ${String(bytes)}`)
  return at
}

/** Everything to whoever came first. */
function custom(): Dispatcher<number> {
  const credits = new Map<number, number>()
  return {
    type: 'custom',
    subscribe: id => void credits.set(id, 0),
    ask: (id, count) => {
      credits.set(id, (credits.get(id) ?? 0) + count)
      return count
    },
    cancel: id => {
      credits.delete(id)
      return 0
    },
    dispatch: events => {
      const [[id, credit] = [0, 0]] = credits
      const given = events.slice(0, credit)
      credits.set(id, credit - given.length)
      return { deliveries: given.length === 0 ? [] : [[id, given]], leftover: events.slice(credit) }
    },
  }
}

const partition: Dispatcher<number> = { type: 'partition', partitions: 1, hash: () => 0 }
const kinds: Readonly<Record<string, Kind>> = {
  'an iterable': { open: (count, error) => producer(numbers(count, error)) },
  'an async iterable': { open: (count, error) => producer(later(count, error)) },
  'a function': { open: (count, error) => called(count, error, false) },
  'an async function': { open: (count, error) => called(count, error, true) },
  'a channel': { open: (count, error) => producer(filled(count, error)) },
  'a ByteReader': { open: piped, read: fromByte, hasOwnError: true },
  'a Readable': { open: (count, error) => producer<number>(Readable.from(later(count, error))) },
  broadcast: { open: (count, error) => producer(numbers(count, error), { dispatcher: { type: 'broadcast' } }) },
  partition: {
    open: (count, error) => producer(numbers(count, error), { dispatcher: partition }),
    options: { partition: 0 },
  },
  'a dispatcher of one’s own': { open: (count, error) => producer(numbers(count, error), { dispatcher: custom() }) },
  'a rate': {
    open: (count, error) => producer(numbers(count, error), { rate: { limit: 1e9, interval: 1, burst: 1_000_000 } }),
  },
  'a producerConsumer': { open: through({ type: 'demand' }, events => [...events] as never) },
  'an async producerConsumer': {
    open: through({ type: 'demand' }, (async (events: number[]) => [...events]) as never),
  },
  'a producerConsumer of generators': { open: through({ type: 'broadcast' }, passOn as never) },
}

function* passOn(events: readonly number[]): Generator<number, void> {
  yield* events
}

interface Probe {
  readonly sink: Consumer<number>
  readonly seen: number[]
  readonly subscription: Subscription
}

async function probed(
  t: ExecutionContext,
  kind: Kind,
  source: Producer<number>,
  cancel: 'permanent' | 'temporary' = 'permanent',
): Promise<Probe> {
  const seen: number[] = []
  const { read = event => event as number } = kind
  const sink = consumer<number>(events => {
    for (const event of events) seen.push(read(event, seen.length))
  })
  ending(t, sink, source)
  const subscription = await sink.subscribeTo(source, { ...kind.options, manual: true, cancel })
  return { sink, seen, subscription }
}

for (const [name, kind] of Object.entries(kinds)) {
  test(`1.1: never more than was asked for: ${name}`, async t => {
    const { seen, subscription } = await probed(t, kind, kind.open(1000))
    let asked = 0
    for (const count of [1, 2, 5, 1, 13]) {
      subscription.ask(count)
      asked += count
      await waitFor(() => seen.length === asked)
      await turns(2)
      t.is(seen.length, asked)
    }
    t.deepEqual(seen, range(0, asked))
  })

  test(`1.3: signals are serial: ${name}`, async t => {
    const source = kind.open(200)
    let running = 0
    const sink = consumer<number>(async () => {
      running += 1
      t.is(running, 1)
      await turns(1)
      running -= 1
    })
    ending(t, sink, source)
    await sink.subscribeTo(source, { ...kind.options, maxDemand: 10 })
    await waitFor(() => sink.metrics().handled === 200, { deadline: 20_000 })
  })

  test(`1.4, 1.7: an error is told after the events before it, once, and nothing after it: ${name}`, async t => {
    const error = new Error('source')
    const { sink, seen, subscription } = await probed(t, kind, kind.open(3, error))
    // A function that throws is only called when there is demand.
    for (let i = 0; i < 6; i++) {
      subscription.ask(1)
      await turns(3)
    }
    const failure = await t.throwsAsync(sink.done)
    if (kind.hasOwnError !== true) t.is(failure, error)
    t.deepEqual(seen, [0, 1, 2])
    subscription.ask(5)
    await turns(2)
    t.is(seen.length, 3)
  })

  test(`1.5, 1.7: the end is told after the last event, and nothing after it: ${name}`, async t => {
    const source = kind.open(3)
    const { sink, seen, subscription } = await probed(t, kind, source)
    for (let i = 0; i < 6; i++) {
      subscription.ask(1)
      await turns(3)
    }
    await Promise.all([sink.done, source.done])
    t.deepEqual(seen, [0, 1, 2])
    t.throws(() => source.emit([9]), { code: 'ERR_STAGE_STOPPED' })
    t.is(source.metrics().subscribers, 0)
  })

  test(`2.8, 3.6, 3.7, 3.12: after a cancel no more than was asked for comes, and asks and cancels do nothing: ${name}`, async t => {
    const { seen, subscription } = await probed(t, kind, kind.open(1000), 'temporary')
    subscription.ask(10)
    const canceled = subscription.cancel()
    subscription.ask(10)
    await canceled
    await subscription.cancel(new Error('again'))
    await turns(3)
    t.true(seen.length <= 10)
    t.deepEqual(seen, range(0, seen.length))
  })

  test(`3.3: asking for one from each handler takes no stack: ${name}`, async t => {
    const source = kind.open(5000)
    const own: { subscription?: Subscription } = {}
    let count = 0
    const sink = consumer<number>(events => {
      count += events.length
      own.subscription?.ask(1)
    })
    ending(t, sink, source)
    own.subscription = await sink.subscribeTo(source, { ...kind.options, manual: true })
    own.subscription.ask(1)
    await waitFor(() => count === 5000, { deadline: 60_000 })
    t.is(count, 5000)
  })

  test(`3.9: asking for nothing, or less, is an error, and costs nothing: ${name}`, async t => {
    const { seen, subscription } = await probed(t, kind, kind.open(10))
    for (const count of [0, -1, -Infinity, NaN]) t.throws(() => subscription.ask(count), { code: 'ERR_DEMAND' })
    await turns(2)
    t.deepEqual(seen, [])
    subscription.ask(1)
    await waitFor(() => seen.length === 1)
  })

  test(`3.17: asking for everything, several times, is counted as everything: ${name}`, async t => {
    const { sink, seen, subscription } = await probed(t, kind, kind.open(500))
    subscription.ask(Number.MAX_SAFE_INTEGER)
    subscription.ask(Number.MAX_SAFE_INTEGER)
    subscription.ask(Infinity)
    // A function that gave less than everything is called again on new demand only.
    await waitFor(() => seen.length === 500, { deadline: 20_000 })
    t.deepEqual(seen, range(0, 500))
    if (!name.endsWith('function')) await sink.done
  })

  test(`1.9: a subscription that can't be is refused, and the stage goes on: ${name}`, async t => {
    const source = kind.open(5)
    const { sink, seen, subscription } = await probed(t, kind, source)
    await t.throwsAsync(sink.subscribeTo(source, { ...kind.options, maxDemand: 0 }), { code: 'ERR_INVALID_OPTION' })
    subscription.ask(5)
    await waitFor(() => seen.length === 5)
  })
}

test('3.13: a producer keeps nothing of a subscriber that has left', async t => {
  const source = producer<number>(() => [])
  const refs: WeakRef<object>[] = []
  const visit = async (): Promise<void> => {
    const sink = consumer<number>(() => {})
    refs.push(new WeakRef(sink))
    const subscription = await sink.subscribeTo(source, { cancel: 'temporary', maxDemand: 5 })
    await subscription.cancel()
  }
  for (let i = 0; i < 5; i++) await visit()
  await waitFor(() => {
    gc()
    return refs.every(ref => ref.deref() === undefined)
  })
  await source.stop()
  t.pass()
})

interface Sink {
  subscribeTo(source: Producer<number>, options?: SubscribeOptions<number>): Promise<unknown>
  readonly done: Promise<void>
  stop(reason?: unknown, options?: { timeout: number }): Promise<void>
}

type Handle = (n: number) => void | Promise<void>

/** A loop over `events()`. */
function loop(handle: Handle): Sink {
  const done = deferred()
  let iterator: AsyncIterator<number> | undefined
  done.promise.catch(() => {})
  const run = async (events: AsyncIterator<number>): Promise<void> => {
    for await (const event of { [Symbol.asyncIterator]: () => events }) await handle(event)
  }
  return {
    done: done.promise,
    subscribeTo: async (source, options) => {
      iterator = source.events(options)[Symbol.asyncIterator]()
      run(iterator).then(done.resolve, done.reject)
    },
    stop: async () => void (await iterator?.return?.()),
  }
}

/** A pipeline of messages, as one processor. */
function pipeline(handle: Handle): Sink {
  let flow: Messages<number> | undefined
  return {
    get done() {
      return flow?.done ?? Promise.resolve()
    },
    subscribeTo: async (source, { maxDemand = 10, minDemand = 5 } = {}) => {
      const options = { handle: ({ data }: Message<number>) => handle(data), processors: { maxDemand, minDemand } }
      flow = messages<number>(source, { ...options, ack: () => {} })
    },
    stop: async () => await flow?.stop(),
  }
}

const sinks: Readonly<Record<string, (handle: Handle) => Sink>> = {
  consumer: handle =>
    consumer<number>(async events => {
      for (const event of events) await handle(event)
    }),
  producerConsumer: handle => {
    const stage = producerConsumer<number, number>(async events => {
      for (const event of events) await handle(event)
      return []
    })
    void consumer<number>(() => {}).subscribeTo(stage)
    return stage
  },
  taskConsumer: handle => taskConsumer<number>(async event => await handle(event)),
  'a loop over events()': loop,
  messages: pipeline,
}

for (const [name, open] of Object.entries(sinks)) {
  test(`2.1, 2.6: it asks, in bounds, and lets go when it is stopped: ${name}`, async t => {
    const asks: number[] = []
    let given = 0
    const source = producer<number>(demand => {
      asks.push(demand)
      given += demand
      return range(given - demand, given)
    })
    let handled = 0
    const sink = open(async () => {
      await turns(1)
      handled += 1
    })
    ending(t, source)
    t.teardown(() => sink.stop(undefined, { timeout: 0 }).catch(() => {}))
    await sink.subscribeTo(source, { maxDemand: 8, minDemand: 4 })
    await waitFor(() => handled > 40, { deadline: 20_000 })
    t.is(asks[0], 8)
    t.true(given - handled <= 8 + 8, `${given} given, ${handled} handled`)
    await sink.stop()
    t.is(source.metrics().subscribers, 0)
    const before = asks.length
    source.emit([1])
    await turns(2)
    t.is(asks.length, before)
  })

  test(`2.5, 2.12: it takes the end and the error without being asked: ${name}`, async t => {
    const source = producer([1, 2, 3])
    const sink = open(() => {})
    await sink.subscribeTo(source)
    await sink.done
    const failing = producer<number>(() => {
      throw new Error('gone')
    })
    const other = open(() => {})
    await other.subscribeTo(failing)
    await t.throwsAsync(other.done, { message: 'gone' })
  })

  // Messages fail one by one instead: the suite of their own has that.
  if (name === 'messages') continue
  test(`2.13: a handler that throws ends it and nothing else: ${name}`, async t => {
    const source = producer(range(0, 10_000), { dispatcher: { type: 'broadcast' }, demand: 'accumulate' })
    const sink = open(n => {
      if (n === 3) throw new Error('three')
    })
    const seen: number[] = []
    const other = consumer<number>(events => void seen.push(...events))
    await sink.subscribeTo(source, { maxDemand: 10 })
    await other.subscribeTo(source, { maxDemand: 10 })
    source.demand('forward')
    await t.throwsAsync(sink.done, { message: 'three' })
    await other.done
    t.is(seen.length, 10_000)
    t.is(await standing(source.done), 'fulfilled')
  })
}
