// A message pipeline while it runs: sources that fail and are opened anew, messages that are pushed in, and what is told of each step.
import test from 'ava'
import { channel } from 'node:diagnostics_channel'
import { messages, producer, producerConsumer, snapshot, type Producer } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { range, silent } from './stages.ts'

type Told = [when: string, step: string, count: number]

/** Gives `first` and so on, `count` of them, and fails. */
function failing(first: number, count: number): Producer<number> {
  return producer<number>(
    (function* () {
      yield* range(first, first + count)
      throw new Error(`after ${first + count - 1}`)
    })(),
  )
}

test('BW-18: a source that fails is opened anew, and the processors go on', async t => {
  const acked: number[] = []
  const opened: number[] = []
  let processed = 0
  const flow = messages<number>(
    () => {
      opened.push(acked.length)
      return opened.length < 4 ? failing(opened.length * 10, 3) : producer([40, 41])
    },
    {
      // Each of them gave something, so none is the second failure in a row.
      restart: { attempts: 2, initial: 1 },
      processors: { concurrency: 2 },
      handle: () => void (processed += 1),
      ack: successful => void acked.push(...successful.map(({ data }) => data)),
    },
  )
  await flow.done
  t.is(opened.length, 4)
  t.is(processed, 11)
  t.deepEqual(
    acked.sort((one, other) => one - other),
    [10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41],
  )
})

test('BW-17: events from outside become messages by a stage in between; when that throws, both are opened anew', async t => {
  const entries: Producer<string>[] = []
  const acked: unknown[] = []
  const flow = messages<number>(
    () => {
      const entry = producer<string>(silent().source)
      const transform = producerConsumer<string, number>(texts =>
        texts.map(text => {
          if (text === 'raise') throw new Error('no number')
          return Number(text)
        }),
      )
      entries.push(entry)
      void transform.subscribeTo(entry)
      return transform
    },
    { restart: { attempts: 2, initial: 1 }, ack: successful => void acked.push(...successful.map(({ data }) => data)) },
  )
  await waitFor(() => entries.length === 1)
  entries[0]?.emit(['1'])
  entries[0]?.emit(['2', '3'])
  await waitFor(() => acked.length === 3)
  entries[0]?.emit(['raise'])
  await waitFor(() => entries.length === 2)
  entries[1]?.emit(['4'])
  await waitFor(() => acked.length === 4)
  t.deepEqual(acked, [1, 2, 3, 4])
  await flow.stop()
  await flow.done
})

test('BW-18: when opening fails for good the pipeline fails, and everything before is acknowledged', async t => {
  const acked: unknown[] = []
  let opened = 0
  const flow = messages<number>(
    () => {
      opened += 1
      if (opened > 1) throw new Error('no source')
      return failing(1, 3)
    },
    { restart: { attempts: 3, initial: 1 }, ack: successful => void acked.push(...successful.map(({ data }) => data)) },
  )
  await t.throwsAsync(flow.done, { message: 'no source' })
  t.is(opened, 3)
  t.deepEqual(acked, [1, 2, 3])
})

test('a stop ends the pause before a source is opened anew, and stops the source that was opened', async t => {
  const flow = messages<number>(() => failing(0, 1), { restart: { attempts: 2, initial: 600_000 }, ack: () => {} })
  await turns(10)
  await flow.stop()
  await flow.done
  let isClosed = false
  const other = messages<number>(
    () =>
      producer(
        (function* () {
          try {
            for (let n = 0; ; n++) yield n
          } finally {
            isClosed = true
          }
        })(),
      ),
    { ack: () => {} },
  )
  await turns(5)
  await other.stop()
  t.true(isClosed)
  const never = messages<number>(() => failing(0, 1), { ack: () => {} })
  await never.stop()
  await never.done
})

test('BW-26: what is pushed in is handled and acknowledged like the rest, and its pusher is told', async t => {
  const acks: [unknown[], unknown[]][] = []
  const source = producer<number>(silent().source)
  const flow = messages<number>(source, {
    handle: message => {
      if (message.data === 13) throw new Error('thirteen')
      message.data *= 2
    },
    batchers: { all: { maxSize: 10, maxDelay: 1, handle: () => {} } },
    ack: (successful, failed) => void acks.push([successful.map(({ data }) => data), failed.map(({ data }) => data)]),
  })
  const [one, other] = await Promise.all([flow.push(1), flow.push(13)])
  t.deepEqual([one.data, one.isFailed], [2, false])
  t.like(other, { isFailed: true, reason: { message: 'thirteen' } })
  t.deepEqual(acks, [
    [[], [13]],
    [[2], []],
  ])
  await Promise.all(range(0, 100).map(async n => await flow.push(n)))
  t.is(flow.pending, 0)
  await source.stop()
  await flow.done
  await t.throwsAsync(flow.push(1), { code: 'ERR_STAGE_STOPPED' })
})

test('BW-26: a push waits for demand, in bounds of its own; what is not taken when all ends is refused', async t => {
  const gate = deferred()
  const source = producer<number>(silent().source)
  const flow = messages<number>(source, {
    processors: { maxDemand: 1 },
    handle: async () => await gate.promise,
    ack: () => {},
  })
  const pushes = range(0, 30).map(async n => await flow.push(n))
  await t.throwsAsync(flow.push(31, { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  const stopped = flow.stop()
  t.is(await standing(Promise.race(pushes)), 'pending')
  gate.resolve()
  await stopped
  const outcomes = await Promise.allSettled(pushes)
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  t.true(refused.length > 0 && refused.length < 30, String(refused.length))
  for (const { reason } of refused) t.like(reason, { code: 'ERR_STAGE_STOPPED' })
  await source.stop()
})

test('BW-26: the stages of a pipeline, first to last, are in its metrics and in the snapshot', async t => {
  const flow = messages<number>(producer<number>(silent().source), {
    name: 'listed',
    processors: { concurrency: 2 },
    batchers: { save: { maxSize: 10, handle: () => {} } },
    ack: () => {},
  })
  const names = ['intake', 'processor 0', 'processor 1', 'save collect', 'save batches', 'save 0'].map(
    part => `listed ${part}`,
  )
  t.deepEqual(
    flow.metrics().map(({ name }) => name),
    names,
  )
  const listed = new Set(snapshot().stages.map(({ name }) => name))
  t.true(names.every(name => listed.has(name)))
  await flow.stop()
})

test.serial(
  'BW-27: each step tells its start and its end: processors, messages, batches, failures, acknowledgements',
  async t => {
    const told: Told[] = []
    for (const when of ['start', 'stop', 'error']) {
      const listen = (message: unknown): void => {
        const { name, step, count, durationMs, error } = message as Record<string, unknown>
        if (name !== 'watched') return
        told.push([when, String(step), Number(count)])
        t.is(typeof durationMs, when === 'start' ? 'undefined' : 'number')
        t.is(error instanceof Error, when === 'error')
      }
      const told$ = channel(`sluicegate:messages:${when}`)
      told$.subscribe(listen)
      t.teardown(() => told$.unsubscribe(listen))
    }
    const flow = messages<number>(producer([1, 2, 3]), {
      name: 'watched',
      handle: message => {
        if (message.data === 2) throw new Error('two')
      },
      batchers: {
        all: {
          maxSize: 2,
          maxDelay: 600_000,
          handle: () => {
            throw new Error('batch')
          },
        },
      },
      onFailed: () => {},
      ack: () => {},
    })
    await flow.done
    const counts: Record<string, number> = {}
    for (const [when, step, count] of told)
      counts[`${when} ${step} of ${count}`] = (counts[`${when} ${step} of ${count}`] ?? 0) + 1
    t.deepEqual(counts, {
      'start processor of 3': 1,
      'start message of 1': 3,
      'stop message of 1': 2,
      'error message of 1': 1,
      'start failed of 1': 1,
      'stop failed of 1': 1,
      'start ack of 1': 1,
      'stop ack of 1': 1,
      'stop processor of 3': 1,
      'start batch of 2': 1,
      'error batch of 2': 1,
      'start failed of 2': 1,
      'stop failed of 2': 1,
      'start ack of 2': 1,
      'stop ack of 2': 1,
    })
  },
)

test('bad options are errors that name them', t => {
  const ack = (): void => {}
  for (const [act, name] of [
    [() => messages(() => producer([1]), { ack, restart: { attempts: 0 } }), 'restart.attempts'],
    [() => messages({} as never, { ack }), 'producer'],
  ] as const) {
    const error = t.throws(act, { code: 'ERR_INVALID_OPTION' })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
})
