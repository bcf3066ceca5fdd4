// Messages with acknowledgement: the cases of Broadway's own suite.
import test from 'ava'
import { messages, producer, type Message, type MessagesOptions, type Producer } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, range, silent } from './stages.ts'

type Acked = [successful: unknown[], failed: unknown[]]

/** A source to push into, and what was acknowledged. */
function pipeline<T>(options: Omit<MessagesOptions<T>, 'ack'>, events?: readonly T[]) {
  const acks: Acked[] = []
  const reasons: unknown[] = []
  const source: Producer<T> = producer<T>(events ?? silent().source)
  const flow = messages<T>(source, {
    name: 'flow',
    ...options,
    ack: (successful, failed) => {
      acks.push([successful.map(({ data }) => data), failed.map(({ data }) => data)])
      reasons.push(...failed.map(({ reason }) => reason))
    },
  })
  return { acks, reasons, source, flow }
}

const parity = (message: Message<number>): void => {
  message.batcher = message.data % 2 === 0 ? 'even' : 'odd'
}

test('BW-1: batches by size: 40 messages are 2 of 10 odd and 4 of 5 even', async t => {
  const batches: Record<string, number[][]> = { odd: [], even: [] }
  const batcher = (maxSize: number) => ({
    maxSize,
    maxDelay: 10_000,
    handle: (some: readonly Message<number>[], info: { batcher: string }) =>
      void batches[info.batcher]?.push(some.map(({ data }) => data)),
  })
  const { acks, flow } = pipeline<number>(
    { handle: parity, batchers: { odd: batcher(10), even: batcher(5) } },
    range(1, 41),
  )
  await flow.done
  t.deepEqual(
    [batches['odd']?.map(({ length }) => length), batches['even']?.map(({ length }) => length)],
    [
      [10, 10],
      [5, 5, 5, 5],
    ],
  )
  t.deepEqual(
    batches['odd']?.flat(),
    range(0, 20).map(n => 2 * n + 1),
  )
  t.is(acks.length, 6)
  t.is(flow.pending, 0)
})

test('BW-2: the rest goes out after maxDelay', async t => {
  const seen: number[][] = []
  const batcher = {
    maxSize: 100,
    maxDelay: 200,
    handle: (some: readonly Message<number>[]) => void seen.push(some.map(({ data }) => data)),
  }
  const { acks, source, flow } = pipeline<number>({ handle: parity, batchers: { odd: batcher, even: batcher } })
  source.emit([1, 2, 3, 4, 5])
  await waitFor(() => acks.length === 2, { deadline: 20_000 })
  t.deepEqual(
    seen.sort(([one = 0], [other = 0]) => one - other),
    [
      [1, 3, 5],
      [2, 4],
    ],
  )
  await source.stop()
  await flow.done
})

test('BW-3: messages of one key come in batches of their own', async t => {
  const seen: [key: string | number, data: number[]][] = []
  const { flow } = pipeline<number>(
    {
      handle: message => {
        message.batchKey = message.data % 2 === 0 ? 'even' : 'odd'
      },
      batchers: {
        one: {
          maxSize: 2,
          maxDelay: 10_000,
          handle: (some, { key }) => void seen.push([key, some.map(({ data }) => data)]),
        },
      },
    },
    range(1, 11),
  )
  await flow.done
  t.deepEqual(
    seen.sort(([, [one = 0]], [, [other = 0]]) => one - other),
    [
      ['odd', [1, 3]],
      ['even', [2, 4]],
      ['odd', [5, 7]],
      ['even', [6, 8]],
      ['odd', [9]],
      ['even', [10]],
    ],
  )
})

test('BW-4: batches by a weight of one’s own', async t => {
  const seen: number[][] = []
  const { flow } = pipeline<number>(
    {
      batchers: {
        one: {
          maxSize: 100,
          maxDelay: 10_000,
          maxBytes: 20,
          sizeOf: ({ data }) => data,
          handle: some => void seen.push(some.map(({ data }) => data)),
        },
      },
    },
    [40, 1, 13, 3, 9, 12],
  )
  await flow.done
  t.deepEqual(seen, [[40], [1, 13, 3], [9], [12]])
})

test('BW-5: flush: five acknowledgements of one; bulk: 2, 2, 1', async t => {
  for (const flush of [true, false]) {
    const { acks, flow } = pipeline<number>(
      {
        handle: message => {
          message.flush = flush
        },
        batchers: { one: { maxSize: 2, maxDelay: 10_000, handle: () => {} } },
      },
      range(1, 6),
    )
    await flow.done
    t.deepEqual(
      acks.map(([successful]) => successful),
      flush ? [[1], [2], [3], [4], [5]] : [[1, 2], [3, 4], [5]],
    )
  }
})

/** Lets others go on for a while, no two times alike. */
async function dawdle(): Promise<void> {
  await turns(Math.floor(Math.random() * 4))
}

test('BW-6: partitions keep order through processors', async t => {
  const seen = new Map<string, number[]>()
  const { flow } = pipeline<number>(
    {
      partitionBy: ({ data }) => data,
      processors: { concurrency: 2 },
      handle: async (message, { name }) => {
        await dawdle()
        seen.set(name, [...(seen.get(name) ?? []), message.data])
      },
    },
    range(1, 9),
  )
  await flow.done
  t.deepEqual(
    [...seen.values()].sort(([one = 0], [other = 0]) => one - other),
    [
      [1, 3, 5, 7],
      [2, 4, 6, 8],
    ],
  )
})

test('BW-7: partitions keep order through batchers', async t => {
  const seen = new Map<string, number[][]>()
  const { flow } = pipeline<number>(
    {
      partitionBy: ({ data }) => data,
      processors: { concurrency: 2 },
      handle: dawdle,
      batchers: {
        one: {
          maxSize: 2,
          maxDelay: 10_000,
          concurrency: 2,
          handle: async (some, _info, { name }) => {
            await dawdle()
            seen.set(name, [...(seen.get(name) ?? []), some.map(({ data }) => data)])
          },
        },
      },
    },
    range(1, 13),
  )
  await flow.done
  t.deepEqual(
    [...seen.values()].sort(([[one = 0] = []], [[other = 0] = []]) => one - other),
    [
      [
        [1, 3],
        [5, 7],
        [9, 11],
      ],
      [
        [2, 4],
        [6, 8],
        [10, 12],
      ],
    ],
  )
})

test('BW-9: partitions of processors and of batchers by functions of their own', async t => {
  const processed = new Map<number, string>()
  const batched = new Map<string, number[][]>()
  const { flow } = pipeline<number>(
    {
      processors: { concurrency: 2, partitionBy: ({ data }) => (data < 5 ? 0 : 1) },
      handle: async ({ data }, { name }) => {
        await dawdle()
        processed.set(data, name)
      },
      batchers: {
        one: {
          maxSize: 2,
          maxDelay: 10_000,
          concurrency: 2,
          partitionBy: ({ data }) => (data < 5 ? 1 : 0),
          handle: (some, _info, { name }) =>
            void batched.set(name, [...(batched.get(name) ?? []), some.map(({ data }) => data)]),
        },
      },
    },
    [1, 2, 7, 3, 8, 4, 9, 10],
  )
  await flow.done
  t.is(processed.get(1), processed.get(2))
  t.is(processed.get(7), processed.get(8))
  t.not(processed.get(1), processed.get(7))
  t.deepEqual(
    [...batched.values()].sort(([[one = 0] = []], [[other = 0] = []]) => one - other),
    [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [7, 8],
        [9, 10],
      ],
    ],
  )
})

test('BW-10: processors: ok, failed, thrown, rejected, no such batcher: only that message fails, and goes no further', async t => {
  const batched: string[] = []
  const { acks, reasons, flow } = pipeline<string>(
    {
      processors: { maxDemand: 10 },
      handle: async message => {
        if (message.data === 'fail') message.fail('by hand')
        if (message.data === 'throw') throw new Error('thrown')
        if (message.data === 'reject') await Promise.reject(new Error('rejected'))
        if (message.data === 'lost') message.batcher = 'nowhere'
      },
      batchers: { one: { maxSize: 10, handle: some => void batched.push(...some.map(({ data }) => data)) } },
    },
    ['ok', 'fail', 'throw', 'reject', 'lost', 'fine'],
  )
  await flow.done
  t.deepEqual(batched, ['ok', 'fine'])
  t.deepEqual(
    acks.flatMap(([, failed]) => failed),
    ['fail', 'throw', 'reject', 'lost'],
  )
  t.deepEqual(
    acks.flatMap(([successful]) => successful),
    ['ok', 'fine'],
  )
  t.is(reasons[0], 'by hand')
  t.regex(String(reasons[3]), /no batcher 'nowhere'/u)
})

test('BW-11: prepare gets all that came together; when it throws all of them fail', async t => {
  const prepared: number[][] = []
  const handled: number[] = []
  const { acks, flow } = pipeline<number>(
    {
      handle: ({ data }) => void handled.push(data),
      processors: { maxDemand: 4, minDemand: 0 },
      prepare: some => {
        prepared.push(some.map(({ data }) => data))
        if (some.some(({ data }) => data === 5)) throw new Error('no')
        for (const message of some) message.data *= 10
      },
    },
    range(1, 9),
  )
  await flow.done
  t.deepEqual(prepared, [range(1, 5), range(5, 9)])
  t.deepEqual(handled, [10, 20, 30, 40])
  t.deepEqual(acks, [
    [[10, 20, 30, 40], []],
    [[], [5, 6, 7, 8]],
  ])
})

test.serial('BW-12: an acknowledgement that throws is a warning, and the next message is handled', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  let acks = 0
  const flow = messages<number>(producer([1, 2]), {
    processors: { maxDemand: 1 },
    ack: () => {
      acks += 1
      if (acks === 1) throw new Error('broken ack')
      return Promise.reject(new Error('rejected ack'))
    },
  })
  await flow.done
  t.is(acks, 2)
  await waitFor(() => warnings.length === 2)
  t.deepEqual(warnings, ['broken ack', 'rejected ack'])
})

test('BW-13: acknowledgements are grouped by reference and status', async t => {
  const calls: unknown[] = []
  const flow = messages<[number, string]>(
    producer<[number, string]>([
      [1, 'one'],
      [-1, 'two'],
      [-2, 'one'],
      [4, 'two'],
    ]),
    {
      batchers: {
        all: {
          maxSize: 4,
          maxDelay: 10_000,
          handle: some => {
            for (const message of some) if (message.data[0] < 0) message.fail('negative')
          },
        },
      },
      ackBy: ({ data: [, reference] }) => reference,
      ack: (successful, failed) => void calls.push([successful, failed].map(list => list.map(({ data }) => data[0]))),
    },
  )
  await flow.done
  t.deepEqual(calls, [
    [[1], [-2]],
    [[4], [-1]],
  ])
})

test('BW-14: a batch handler that throws fails the whole batch, and the next batch is handled', async t => {
  const { acks, flow } = pipeline<number>(
    {
      batchers: {
        one: {
          maxSize: 2,
          maxDelay: 10_000,
          handle: async some => {
            await turns(1)
            if (some.some(({ data }) => data === 3)) throw new Error('batch')
          },
        },
      },
    },
    range(1, 7),
  )
  await flow.done
  t.deepEqual(acks, [
    [[1, 2], []],
    [[], [3, 4]],
    [[5, 6], []],
  ])
})

test.serial(
  'BW-15: onFailed is called once with those that failed, before they are acknowledged, and is contained',
  async t => {
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)
    t.teardown(() => process.off('warning', listen))
    const log: string[] = []
    const flow = messages<number>(producer(range(1, 5)), {
      handle: ({ data }) => {
        if (data === 1) throw new Error('processor')
      },
      batchers: {
        one: {
          maxSize: 3,
          maxDelay: 10_000,
          handle: some => some[0]?.fail('batcher'),
        },
      },
      onFailed: some => {
        log.push(`failed ${some.map(({ data }) => data).join()}`)
        throw new Error('onFailed')
      },
      ack: (successful, failed) => void log.push(`ack ${successful.length} ${failed.map(({ data }) => data).join()}`),
    })
    await flow.done
    t.deepEqual(log, ['failed 1', 'ack 0 1', 'failed 2', 'ack 2 2'])
    await waitFor(() => warnings.length === 2)
  },
)

test('BW-16: acknowledged at once, one or many: only once', async t => {
  const { acks, flow } = pipeline<string>(
    {
      handle: async (message, { ack }) => {
        if (message.data === 'early') await ack([message])
      },
      batchers: {
        one: {
          maxSize: 4,
          maxDelay: 10_000,
          handle: async (some, _info, { ack }) => {
            some[2]?.fail('by hand')
            await ack(some)
            throw new Error('too late')
          },
        },
      },
    },
    ['early', 'b', 'c', 'd'],
  )
  await flow.done
  t.deepEqual(acks, [
    [['early'], []],
    [['b', 'd'], ['c']],
  ])
})

test('BW-20: what fails while batches are formed fails alone: 4 and 5 are acknowledged, none is lost', async t => {
  const { acks, flow } = pipeline<number>(
    {
      batchers: {
        one: {
          maxSize: 2,
          maxDelay: 10_000,
          maxBytes: 100,
          sizeOf: ({ data }) => {
            if (data === 3) throw new Error('kill')
            return 1
          },
          handle: () => {},
        },
      },
    },
    range(1, 8),
  )
  await flow.done
  t.deepEqual(
    acks
      .flatMap(([successful, failed]) => [...successful, ...failed])
      .sort((one, other) => Number(one) - Number(other)),
    range(1, 8),
  )
  t.deepEqual(
    acks.flatMap(([, failed]) => failed),
    [3],
  )
})

test('BW-20: a key that can’t be told fails its message alone', async t => {
  const partitionBy = ({ data }: Message<number>): number => {
    if (data === 3) throw new Error('no key')
    return data
  }
  for (const where of ['processors', 'batchers'] as const) {
    const one = { maxSize: 2, concurrency: 2, handle: () => {} }
    const { acks, flow } = pipeline<number>(
      where === 'processors'
        ? { processors: { concurrency: 2, partitionBy }, batchers: { one } }
        : { batchers: { one: { ...one, partitionBy } } },
      range(1, 8),
    )
    await flow.done
    t.deepEqual(
      acks.flatMap(([, failed]) => failed),
      [3],
    )
    t.is(acks.flatMap(([successful]) => successful).length, 6)
  }
})

test('BW-24: a stop waits until everything that came is acknowledged, incomplete batches too', async t => {
  const gate = deferred()
  const { acks, source, flow } = pipeline<number>({
    handle: async () => await gate.promise,
    batchers: { one: { maxSize: 100, maxDelay: 600_000, handle: () => {} } },
  })
  source.emit(range(0, 25))
  await waitFor(() => flow.pending > 0)
  const stopped = flow.stop()
  t.is(await standing(stopped), 'pending')
  gate.resolve()
  await stopped
  t.is(flow.pending, 0)
  t.is(acks.flatMap(([successful]) => successful).length + source.metrics().buffered, 25)
  await flow.done
  await source.stop()
})

test('BW-24: what a time limit cuts off is acknowledged as failed, once', async t => {
  const gate = deferred()
  const { acks, source, flow } = pipeline<number>({ handle: async () => await gate.promise })
  source.emit(range(0, 5))
  await waitFor(() => flow.pending === 5)
  await t.throwsAsync(flow.stop({ timeout: 1 }), { code: 'ERR_TIMEOUT' })
  t.deepEqual(acks, [[[], range(0, 5)]])
  gate.resolve()
  await turns(5)
  t.is(acks.length, 1)
  await source.stop()
})

test('BW-28: demand: processors 10, batchers their size; what is in flight is bounded', async t => {
  let most = 0
  const flow = messages<number>(producer(counting().source), {
    handle: () => {
      most = Math.max(most, flow.pending)
    },
    batchers: {
      one: {
        maxSize: 5,
        handle: async () => {
          await turns(1)
        },
      },
    },
    ack: () => {},
  })
  await waitFor(() => (flow.metrics().at(-1)?.handled ?? 0) > 50)
  await turns(50)
  // Ten on their way in, a processor's ten with what it has given, and a collector, a channel, a batch and a worker of five each.
  t.true(most <= 10 + 20 + 10 + 20, String(most))
  await flow.stop()
})

test('a source that fails: everything before is acknowledged, then done rejects', async t => {
  const { acks, flow } = pipeline<number>({ batchers: { one: { maxSize: 10, maxDelay: 600_000, handle: () => {} } } }, {
    *[Symbol.iterator]() {
      yield 1
      yield 2
      throw new Error('source')
    },
  } as never)
  await t.throwsAsync(flow.done, { message: 'source' })
  t.deepEqual(acks, [[[1, 2], []]])
})

test('bad options are errors that name them', t => {
  const source = producer<number>([])
  const ack = (): void => {}
  const handle = (): void => {}
  for (const [options, name] of [
    [{}, 'ack'],
    [{ ack, handle: 1 }, 'handle'],
    [{ ack, processors: { concurrency: 0 } }, 'processors.concurrency'],
    [{ ack, processors: { maxDemand: 0 } }, 'maxDemand'],
    [{ ack, batchers: { a: { maxSize: 1 } } }, 'batchers.a.handle'],
    [{ ack, batchers: { a: { maxSize: 0, handle } } }, 'maxSize'],
    [{ ack, batchers: { a: { maxSize: 1, handle, maxDelay: -1 } } }, 'maxDelay'],
  ] as const) {
    const error = t.throws(() => messages(source, options as unknown as MessagesOptions<number>), {
      code: 'ERR_INVALID_OPTION',
    })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
  t.throws(() => messages({} as Producer<number>, { ack }), { code: 'ERR_INVALID_OPTION', message: /^`producer`/u })
})
