// Pipelines whose events and progress are in a journal: what a crash leaves, and what the next one makes of it.
import test from 'ava'
import fc from 'fast-check'
import { EventPipeline, type Processor } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { MemoryJournal } from './memory-journal.ts'
import { Recorder } from './recorder.ts'

const MiB = 1024 * 1024
const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const same = ({ data }: { data: number }): number[] => [data]

async function opened(journal: MemoryJournal, ring = 64): Promise<EventPipeline<number>> {
  return await EventPipeline.open<number>({ journal, ring })
}

/** Numbers as text; while it is broken it can't read a three. */
class BreakableCodec {
  isBroken = false

  encode(value: number): Uint8Array {
    return Buffer.from(`${value}`)
  }

  decode(bytes: Uint8Array): number {
    const value = Number(Buffer.from(bytes).toString())
    if (value === 3 && this.isBroken) throw new Error('no number')
    return value
  }
}

async function added(pipeline: EventPipeline<number>, writer: Recorder<number>, name = 'p'): Promise<Processor> {
  return await pipeline.addProcessor<number>({ name, process: same, writer })
}

test('PIPE-7: publish fulfils after the append, and only then the event is processed', async t => {
  const journal = new MemoryJournal()
  const gate = deferred()
  const pipeline = await opened(journal)
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  journal.before = async () => await gate.promise
  const published = pipeline.publish(7)
  t.is(await standing(published), 'pending')
  t.is(writer.items.length, 0)
  gate.resolve()
  t.is(await published, 1)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [7])
  await pipeline.close()
  t.true(journal.isClosed)
})

test('PIPE-9: all that gathers while one append is under way goes into the next', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  journal.before = async () => await turns()
  t.deepEqual(await Promise.all(numbers(50).map(n => pipeline.publish(n))), numbers(50))
  t.true(journal.appends <= 3, `${journal.appends} appends`)
  t.deepEqual(journal.events, numbers(50))
  await pipeline.close()
})

test('S1.28, PIPE-10: after a crash each processor goes on after what it published, in a new epoch, and misses nothing', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  const quick = Recorder.eager<number>({ name: 'quick' })
  const slow = new Recorder<number>({ name: 'slow', capacity: 3 })
  const one = await added(pipeline, quick, 'quick')
  await added(pipeline, slow, 'slow')
  for (const n of numbers(10)) await pipeline.publish(n)
  await one.caughtUp({ timeout: 5000 })
  await waitFor(() => slow.items.length === 3)
  for (let n = 0; n < slow.calls.length; n++) slow.settle(n)
  await waitFor(() => pipeline.metrics().processors['slow']?.published === 3)
  const left = journal.crashed()

  const again = await opened(left)
  t.is(again.metrics().last, 10)
  const [quickAgain, slowAgain] = [Recorder.eager<number>({ name: 'quick' }), Recorder.eager<number>({ name: 'slow' })]
  const two = await added(again, quickAgain, 'quick')
  const three = await added(again, slowAgain, 'slow')
  t.is(two.published, 10)
  t.is(three.published, 3)
  t.is(await again.publish(11), 11)
  await two.caughtUp({ timeout: 5000 })
  await three.caughtUp({ timeout: 5000 })
  t.deepEqual(quickAgain.values, [11])
  t.deepEqual(slowAgain.values, numbers(8, 4))
  t.deepEqual(slowAgain.resets, [[2, 4]])
  t.is(slowAgain.last.batch.epoch, 2)
  await again.close()
  await pipeline.addProcessor({ name: 'x', process: same, writer: 'none' }).catch(() => {})
})

test('PIPE-12: at least once: a crash at any moment loses nothing, repeats only what was not published, and keeps the order', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      async (rounds, capacity) => {
        let journal = new MemoryJournal()
        const written: number[] = []
        let total = 0
        for (const count of rounds) {
          const pipeline = await opened(journal, 8)
          let isAlive = true
          let done = 0
          const writer = new Recorder<number>({
            capacity,
            maxBatch: 2,
            onWrite: async ({ items }) => {
              if (isAlive) written.push(...items.map(({ value }) => value))
              await turns()
            },
          })
          const processor = await added(pipeline, writer)
          const before = written.length
          for (let i = 0; i < count; i++) await pipeline.publish(++total)
          await turns(count)
          done = processor.published
          // The crash: what the journal has is all there is.
          isAlive = false
          journal = journal.crashed()
          const fresh = written.slice(before)
          t.true(fresh.every((value, i) => i === 0 || value === (fresh[i - 1] ?? 0) + 1))
          t.true(fresh.length === 0 || (fresh[0] ?? 0) <= done + 1 || done >= (fresh[0] ?? 0))
        }
        const pipeline = await opened(journal, 8)
        const writer = Recorder.eager<number>()
        const processor = await added(pipeline, writer)
        const { published } = processor
        await processor.caughtUp({ timeout: 5000 })
        written.push(...writer.values)
        t.deepEqual(
          [...new Set(written)].sort((a, b) => a - b),
          numbers(total),
        )
        t.is(writer.values[0] ?? published + 1, published + 1)
        await pipeline.close()
      },
    ),
    { numRuns: 40 },
  )
})

test('PIPE-12: effectively once: a writer that keeps (processor, sequence, index) beside its rows has each exactly once', async t => {
  let journal = new MemoryJournal()
  const rows = new Map<string, number>()
  let rounds = 0
  for (let published = 0; published < 60; rounds++) {
    const pipeline = await EventPipeline.open<number>({ journal, ring: 16 })
    const writer = new Recorder<number>({
      capacity: 4,
      onWrite: async ({ processor, items }) => {
        for (const { sequence, index, value } of items) rows.set(`${processor} ${sequence} ${index}`, value)
        await turns()
      },
    })
    const processor = await pipeline.addProcessor<number>({ name: 'p', process: ({ data }) => [data, -data], writer })
    if (rounds === 0) for (const n of numbers(16)) await pipeline.publish(n)
    else
      while (pipeline.metrics().last < 60 && pipeline.metrics().last - processor.published < 16) {
        await pipeline.publish(pipeline.metrics().last + 1)
      }
    await turns(3)
    ;({ published } = processor)
    journal = journal.crashed()
  }
  t.true(rounds > 2)
  t.deepEqual(
    [...rows.values()],
    numbers(60).flatMap(n => [n, -n]),
  )
})

test('PIPE-10: a rewind outlives a crash, and so does its epoch', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  const processor = await added(pipeline, Recorder.eager<number>())
  for (const n of numbers(10)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  await added(pipeline, new Recorder<number>({ name: 'other' }), 'keeps everything')
  processor.pause()
  await processor.rewind(4)
  const again = await opened(journal.crashed())
  const writer = Recorder.eager<number>()
  const resumed = await added(again, writer)
  await resumed.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(7, 4))
  t.deepEqual(writer.resets, [[3, 4]])
  await again.close()
})

test('S1.34: what the ring no longer has is read from the journal, by a rewind and by a processor that is far behind', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal, 8)
  const keeper = await added(pipeline, Recorder.eager<number>({ name: 'keeper' }), 'absent')
  await keeper.caughtUp()
  const left = journal.crashed()
  await pipeline.close()

  // Nobody of that name is here: publishing goes on, and its events are kept.
  const second = await opened(left, 8)
  const writer = Recorder.eager<number>()
  const processor = await added(second, writer)
  for (const n of numbers(500)) await second.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  t.is(left.events[0], 1)
  writer.items.length = 0
  await processor.rewind(2)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(499, 2))
  const late = Recorder.eager<number>({ name: 'late' })
  const absent = await added(second, late, 'absent')
  t.is(absent.published, 0)
  for (const n of numbers(20, 501)) await second.publish(n, { timeout: 5000 })
  await absent.caughtUp({ timeout: 5000 })
  t.deepEqual(late.values, numbers(520))
  await second.close()
})

test('PIPE-9: what all have published is compacted, down to a ring; below that a rewind is ERR_SEQUENCE_TRIMMED', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal, 10)
  const processor = await added(pipeline, Recorder.eager<number>())
  for (const n of numbers(100)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.publish(101)
  t.true(journal.compactions.length > 0)
  t.true(journal.events.length <= 31, `${journal.events.length} events kept`)
  await t.throwsAsync(processor.rewind(1), { code: 'ERR_SEQUENCE_TRIMMED' })
  const first = journal.events[0] ?? 0
  await processor.rewind(first)
  await processor.caughtUp({ timeout: 5000 })
  const left = journal.crashed()
  await pipeline.close()

  const again = await opened(left, 10)
  t.is(again.metrics().last, 101)
  const resumed = await added(again, Recorder.eager<number>())
  t.is(resumed.published, 101)
  await again.close()
})

test('PIPE-9: a journal from which everything was compacted still knows the last sequence', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal, 4)
  const processor = await added(pipeline, Recorder.eager<number>())
  for (const n of numbers(9)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  await pipeline.close()
  const left = journal.crashed()
  left.records = left.records.filter(({ kind }) => kind !== 'event')
  const again = await opened(left, 4)
  t.is(await again.publish(10), 10)
  await again.close()
})

test('S1.3: a failed append refuses its events and leaves no gap', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  t.is(await pipeline.publish(1), 1)
  journal.before = () => {
    throw new Error('ENOSPC')
  }
  const refused = await Promise.allSettled([pipeline.publish(2), pipeline.publish(3)])
  t.deepEqual(
    refused.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  journal.before = undefined
  t.is(await pipeline.publish(4), 2)
  t.deepEqual(journal.events, [1, 2])
  await pipeline.close()
})

test('S1.3: events of an append that was rejected and is there all the same never come back', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal, 4)
  t.is(await pipeline.publish(1), 1)
  journal.before = records => {
    // All but the end of it has reached the disk.
    journal.records.push(...records.slice(0, -1))
    throw new Error('ENOSPC')
  }
  await Promise.allSettled([12, 13, 14].map(n => pipeline.publish(n)))
  journal.before = undefined
  for (const n of numbers(5, 2)) t.is(await pipeline.publish(n), n)
  t.deepEqual(journal.events, [1, 2, 3, 2, 3, 4, 5, 6])
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, numbers(6))
  for (const ring of [2, 4, 5, 64]) {
    const again = await opened(journal.crashed(), ring)
    t.is(again.metrics().last, 6)
    const second = Recorder.eager<number>()
    const resumed = await added(again, second, 'fresh')
    await resumed.caughtUp({ timeout: 5000 })
    t.deepEqual(second.values, numbers(6), `ring ${ring}`)
    await again.close()
  }
  await pipeline.close()
})

test('a journal that can not keep progress stops its processors: nothing more is sent', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  const writer = new Recorder<number>({ capacity: 1 })
  const processor = await added(pipeline, writer)
  for (const n of numbers(3)) await pipeline.publish(n)
  await waitFor(() => writer.calls.length === 1)
  journal.before = () => {
    throw new Error('EIO')
  }
  writer.settle(0)
  await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { message: 'EIO' })
  await waitFor(() => pipeline.metrics().processors['p']?.credit === 0)
  await t.throwsAsync(pipeline.publish(4), { message: 'EIO' })
  const count = writer.calls.length
  processor.resume()
  await turns(3)
  t.is(writer.calls.length, count)
  t.is(processor.published, 0)
  await pipeline.close()
})

test('a processor that is removed is forgotten, its epoch is not', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal, 8)
  const gone = await added(pipeline, new Recorder<number>({ name: 'a' }), 'gone')
  const stays = await added(pipeline, Recorder.eager<number>({ name: 'b' }), 'stays')
  for (const n of numbers(8)) await pipeline.publish(n)
  await gone.remove()
  for (const n of numbers(60, 9)) await pipeline.publish(n, { timeout: 5000 })
  await stays.caughtUp({ timeout: 5000 })
  t.true((journal.events[0] ?? 0) > 8)
  const again = await opened(journal.crashed(), 8)
  const writer = Recorder.eager<number>({ name: 'a' })
  await added(again, writer, 'gone')
  t.deepEqual(
    writer.resets.map(([epoch]) => epoch),
    [2],
  )
  await again.close()
  await pipeline.close()
})

test('S1.29: events are serialised by the codec, and read back by it', async t => {
  const journal = new MemoryJournal()
  const codec = {
    encode: (value: Date): Uint8Array => Buffer.from(value.toISOString()),
    decode: (bytes: Uint8Array): Date => new Date(Buffer.from(bytes).toString()),
  }
  const pipeline = await EventPipeline.open<Date>({ journal, codec })
  const day = new Date('2024-01-01T00:00:00Z')
  await pipeline.publish(day)
  t.is(Buffer.from(journal.records[0]?.payload ?? []).toString(), '2024-01-01T00:00:00.000Z')
  const again = await EventPipeline.open<Date>({ journal: journal.crashed(), codec })
  const writer = Recorder.eager<Date>()
  const processor = await again.addProcessor<Date>({ name: 'p', process: ({ data }) => [data], writer })
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [day])
  await again.close()
  await pipeline.close()
})

test('an event that no journal takes is refused alone: those beside it are published, and no processor stops', async t => {
  const journal = new MemoryJournal()
  const codec = {
    encode: (value: number): Uint8Array => {
      if (value === 2) return new Uint8Array(64 * MiB)
      return value === 4 ? ('text' as never) : Buffer.from(`${value}`)
    },
    decode: (bytes: Uint8Array): number => Number(Buffer.from(bytes).toString()),
  }
  const pipeline = await EventPipeline.open<number>({ journal, codec })
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  const outcomes = await Promise.allSettled(numbers(5).map(n => pipeline.publish(n)))
  t.like(outcomes[1], { status: 'rejected', reason: { code: 'ERR_ITEM_TOO_LARGE', value: 2 } })
  t.like(outcomes[3], { status: 'rejected', reason: { code: 'ERR_INVALID_OPTION' } })
  t.deepEqual(
    outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    [1, 2, 3],
  )
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [1, 3, 5])
  await pipeline.close()
})

test('a name that no journal takes is refused alone', async t => {
  const pipeline = await opened(new MemoryJournal())
  const published = pipeline.publish(1)
  for (const name of ['\uD800', 'x'.repeat(65_536)]) {
    const error = await t.throwsAsync(added(pipeline, Recorder.eager<number>(), name), { code: 'ERR_INVALID_OPTION' })
    t.regex(error?.message ?? '', /`name`/u)
  }
  t.is(await published, 1)
  await pipeline.close()
})

test('PIPE-9: events that gather while an append is under way go in as many as the journal takes, in order', async t => {
  const journal = new MemoryJournal()
  const codec = { encode: (): Uint8Array => new Uint8Array(60 * MiB), decode: (): number => 0 }
  const pipeline = await EventPipeline.open<number>({ journal, codec })
  const sizes: number[] = []
  journal.before = records => void sizes.push(records.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0))
  t.deepEqual(await Promise.all(numbers(6).map(n => pipeline.publish(n))), numbers(6))
  t.true(Math.max(...sizes) <= 256 * MiB, sizes.join())
  t.deepEqual(journal.events, numbers(6))
  await pipeline.close()
})

test('after progress could not be kept, resume goes on behind what was published, in a new epoch', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  const writer = new Recorder<number>({ capacity: 2, maxBatch: 1 })
  const processor = await added(pipeline, writer)
  for (const n of numbers(4)) await pipeline.publish(n)
  await waitFor(() => writer.calls.length === 2)
  writer.settle(0)
  await waitFor(() => processor.published === 1)
  await waitFor(() => writer.calls.length === 3)
  journal.before = () => {
    throw new Error('EIO')
  }
  const old = writer.last.link
  writer.settle(1)
  await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { message: 'EIO' })
  journal.before = undefined
  const { length } = writer.calls
  // Twice, at once: it begins anew once.
  processor.resume()
  processor.resume()
  const caughtUp = processor.caughtUp({ timeout: 5000 })
  await waitFor(() => writer.calls.length === length + 2)
  t.deepEqual(writer.resets, [[2, 2]])
  t.is(writer.last.batch.epoch, 2)
  old.ack(4)
  for (let n = 2; n < length; n++) writer.settle(n)
  await turns(2)
  t.is(processor.published, 1)
  for (let n = length; processor.published < 4; n++) {
    await waitFor(() => writer.calls.length > n)
    writer.settle(n)
    await turns(2)
  }
  await caughtUp
  t.deepEqual(writer.values.slice(length), [2, 3, 4])
  const again = await opened(journal.crashed())
  const resumed = await added(again, Recorder.eager<number>())
  t.is(resumed.published, 4)
  await again.close()
  await pipeline.close()
})

test('an event that the codec can not read halts the processor that needs it; resume tries again', async t => {
  const journal = new MemoryJournal()
  const codec = new BreakableCodec()
  const first = await EventPipeline.open<number>({ journal, codec })
  await added(first, new Recorder<number>())
  for (const n of numbers(6)) await first.publish(n)
  const pipeline = await EventPipeline.open<number>({ journal: journal.crashed(), codec, ring: 2 })
  codec.isBroken = true
  const writer = Recorder.eager<number>()
  const processor = await added(pipeline, writer)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK' })
  t.regex(error?.message ?? '', /Event 3 .*no number/u)
  codec.isBroken = false
  processor.resume()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual([...new Set(writer.values)], numbers(6))
  await pipeline.close()
})

test('an event that the codec can not read keeps neither the pipeline from opening nor a processor that is past it', async t => {
  const journal = new MemoryJournal()
  const codec = new BreakableCodec()
  const first = await EventPipeline.open<number>({ journal, codec })
  const done = await added(first, Recorder.eager<number>(), 'done')
  for (const n of numbers(6)) await first.publish(n)
  await done.caughtUp({ timeout: 5000 })
  codec.isBroken = true
  const pipeline = await EventPipeline.open<number>({ journal: journal.crashed(), codec })
  const writer = Recorder.eager<number>()
  const past = await added(pipeline, writer, 'done')
  const fresh = Recorder.eager<number>({ name: 'fresh' })
  const processor = await added(pipeline, fresh, 'new')
  await t.throwsAsync(processor.caughtUp({ timeout: 5000 }), { code: 'ERR_NACK', message: /Event 3 .*no number/u })
  t.deepEqual(fresh.values, [1, 2])
  t.is(await pipeline.publish(7), 7)
  await past.caughtUp({ timeout: 5000 })
  t.deepEqual(writer.values, [7])
  codec.isBroken = false
  processor.resume()
  await processor.caughtUp({ timeout: 5000 })
  t.deepEqual([...new Set(fresh.values)], numbers(7))
  await pipeline.close()
  await first.close()
})

test('a journal that can not be read is closed, for nobody else has it', async t => {
  const journal = new MemoryJournal()
  journal.replay = async function* replay() {
    await Promise.resolve()
    yield { kind: 'event', sequence: 1 }
    throw new Error('no record')
  }
  await t.throwsAsync(opened(journal), { message: 'no record' })
  t.true(journal.isClosed)
})

test('events that only an absent processor has not published are kept until it is back, or added once more and removed', async t => {
  const before = new MemoryJournal()
  const first = await opened(before)
  await added(first, Recorder.eager<number>(), 'absent')
  await first.close()
  const journal = before.crashed()
  const pipeline = await opened(journal, 8)
  const here = await added(pipeline, Recorder.eager<number>(), 'here')
  for (const n of numbers(100)) await pipeline.publish(n, { timeout: 5000 })
  await here.caughtUp({ timeout: 5000 })
  t.is(journal.events.length, 100)
  const absent = await added(pipeline, new Recorder<number>({ name: 'nowhere' }), 'absent')
  await absent.remove()
  for (const n of numbers(20, 101)) await pipeline.publish(n, { timeout: 5000 })
  await here.caughtUp({ timeout: 5000 })
  t.true((journal.events[0] ?? 0) > 80, `${journal.events[0]} is the first`)
  await pipeline.close()
})

test('PIPE-11: an epoch never counts backwards, not for a processor that is removed while it is rewound', async t => {
  const journal = new MemoryJournal()
  const pipeline = await opened(journal)
  const writer = new Recorder<number>({ onWrite: () => undefined })
  const processor = await added(pipeline, writer)
  for (const n of numbers(3)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 5000 })
  journal.before = async () => await turns(3)
  const rewound = t.throwsAsync(processor.rewind(1), { code: 'ERR_STAGE_STOPPED' })
  await turns()
  await processor.remove()
  await rewound
  t.deepEqual(writer.resets, [])
  const epochs = journal.records.flatMap(({ kind, epoch }) => (kind === 'epoch' ? [epoch ?? 0] : []))
  t.deepEqual(epochs, [1, 2, 2])
  for (const state of [pipeline, await opened(journal.crashed())]) {
    const second = Recorder.eager<number>({ name: `${Math.random()}` })
    await added(state, second)
    t.deepEqual(
      second.resets.map(([epoch]) => epoch),
      [3],
    )
    await state.close()
  }
})
