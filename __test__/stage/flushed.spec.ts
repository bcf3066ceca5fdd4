// What keeps its place in the order of events without being one: `flushed()` comes after all that was there when it was asked for, and before the rest.
import test from 'ava'
import { consumer, producer, producerConsumer, taskConsumer, type Producer } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { ending, range, silent } from './stages.ts'

/** A mark for each event, asked for right behind it; `reached` are those that have come. */
function marked(source: Producer<number>, events: readonly number[]): { readonly reached: number[] } {
  const reached: number[] = []
  for (const event of events) {
    source.emit([event])
    void source.flushed().then(() => reached.push(event))
  }
  return { reached }
}

test('GS-22: at once when nothing is held', async t => {
  const source = producer<number>(silent().source)
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  await Promise.all([source.flushed(), sink.flushed()])
  await sink.subscribeTo(source)
  await Promise.all([source.flushed(), sink.flushed({ timeout: 1000 })])
  t.pass()
})

test('GS-22: of a consumer: behind the events it has; of a producerConsumer: through its line, its handler and its buffer', async t => {
  const gate = deferred()
  const source = producer<number>(silent().source)
  const middle = producerConsumer<number, number>(async events => {
    await gate.promise
    return [...events]
  })
  const sink = consumer<number>(() => {})
  ending(t, sink, source, middle)
  const subscription = await sink.subscribeTo(middle, { manual: true })
  await middle.subscribeTo(source, { maxDemand: 4 })
  subscription.ask(1)
  source.emit([1, 2, 3])
  await turns(5)
  const flushed = middle.flushed()
  t.is(await standing(flushed), 'pending')
  gate.resolve()
  t.is(await standing(flushed), 'pending')
  subscription.ask(1)
  t.is(await standing(flushed), 'pending')
  source.emit([4])
  subscription.ask(1)
  await flushed
  await sink.flushed()
  t.is(sink.metrics().handled, 3)
})

for (const [title, options, emitted] of [
  ['a filled buffer', { bufferSize: 5 }, 5],
  ['a half filled buffer', { bufferSize: 10 }, 5],
  ['a buffer of one', { bufferSize: 1 }, 1],
  ['a buffer without a bound', { bufferSize: Infinity }, 7],
] as const) {
  test(`GS-23: it comes exactly behind the events before it: ${title}`, async t => {
    const source = producer<number>(silent().source, options)
    const { reached } = marked(source, range(0, emitted))
    const seen: number[] = []
    const sink = consumer<number>(events => void seen.push(...events))
    ending(t, sink, source)
    const subscription = await sink.subscribeTo(source, { manual: true })
    await turns(5)
    t.deepEqual(reached, [])
    for (let n = 0; n < emitted; n++) {
      subscription.ask(1)
      await waitFor(() => seen.length > n && reached.length > n)
      await turns(5)
      t.deepEqual([seen, reached], [range(0, n + 1), range(0, n + 1)])
    }
  })
}

test('GS-23: a buffer that moves: each goes with its place', async t => {
  const source = producer<number>(silent().source, { bufferSize: 3 })
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  const subscription = await sink.subscribeTo(source, { manual: true })
  const first = marked(source, [0, 1])
  subscription.ask(1)
  await turns(5)
  t.deepEqual(first.reached, [0])
  const second = marked(source, [2, 3])
  subscription.ask(2)
  await turns(5)
  t.deepEqual([first.reached, second.reached], [[0, 1], [2]])
})

for (const bufferKeep of ['first', 'last'] as const) {
  test(`GS-23: what was discarded is not waited for: keeps ${bufferKeep}`, async t => {
    const source = producer<number>(silent().source, { bufferSize: 2, bufferKeep, onDiscard: () => {} })
    const { reached } = marked(source, range(0, 4))
    await turns(5)
    // The oldest two have gone, or the newest were never there: those wait for what is before them.
    t.deepEqual(reached, bufferKeep === 'last' ? [0, 1] : [])
    const sink = consumer<number>(() => {})
    ending(t, sink, source)
    const subscription = await sink.subscribeTo(source, { manual: true })
    subscription.ask(1)
    await turns(5)
    t.deepEqual(reached, bufferKeep === 'last' ? [0, 1, 2] : [0])
    subscription.ask(1)
    await turns(5)
    t.deepEqual(reached, range(0, 4))
  })
}

test('GS-52: it waits for the partitions that are backed up, and for no others', async t => {
  const source = producer<number>(silent().source, {
    dispatcher: { type: 'partition', partitions: 2, hash: n => n % 2, room: 10 },
  })
  const sinks = [consumer<number>(() => {}), consumer<number>(() => {})]
  ending(t, ...sinks, source)
  const [even, odd] = await Promise.all(
    sinks.map(async (sink, partition) => await sink.subscribeTo(source, { manual: true, partition })),
  )
  even?.ask(5)
  odd?.ask(1)
  source.emit([0, 1, 2, 3])
  await turns(5)
  const flushed = source.flushed()
  t.is(await standing(flushed), 'pending')
  // Another one behind it, in the partition that has room.
  source.emit([4])
  await turns(5)
  t.is(await standing(flushed), 'pending')
  odd?.ask(1)
  await flushed
})

test('GS-32: an answer comes before or behind the events that are given with it, as its giver has it', async t => {
  const source = producer<number>(silent().source)
  const log: string[] = []
  const sink = consumer<number>(events => void log.push(...events.map(n => `event ${n}`)))
  ending(t, sink, source)
  await sink.subscribeTo(source)
  const call = async (first: 'events' | 'answer', n: number): Promise<void> => {
    if (first === 'answer') log.push(`answer ${n}`)
    source.emit([n])
    if (first === 'answer') return
    await source.flushed()
    await sink.flushed()
    log.push(`answer ${n}`)
  }
  await call('events', 1)
  await call('answer', 2)
  await sink.flushed()
  t.deepEqual(log, ['event 1', 'answer 1', 'answer 2', 'event 2'])
})

test('of a taskConsumer: when the tasks of all events before have ended', async t => {
  const gates = [deferred(), deferred(), deferred()]
  const source = producer<number>(silent().source)
  const sink = taskConsumer<number>(async n => await gates[n]?.promise)
  ending(t, sink, source)
  await sink.subscribeTo(source, { maxDemand: 5 })
  source.emit([0, 1])
  await waitFor(() => source.metrics().handled === 2)
  const flushed = sink.flushed()
  source.emit([2])
  gates[0]?.resolve()
  t.is(await standing(flushed), 'pending')
  gates[1]?.resolve()
  await flushed
  t.is(sink.metrics().handled, 2)
  gates[2]?.resolve()
})

test('accumulated events are waited for; signal and time limit end the wait; the end of the stage fulfils it', async t => {
  const source = producer<number>(silent().source, { demand: 'accumulate' })
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  source.emit([1])
  const flushed = source.flushed()
  await t.throwsAsync(source.flushed({ timeout: 1 }), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(source.flushed({ signal: AbortSignal.timeout(1) }), { code: 'ABORT_ERR' })
  await t.throwsAsync(source.flushed({ timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  t.is(await standing(flushed), 'pending')
  source.demand('forward')
  await flushed
  const hung = consumer<number>(async () => await new Promise<void>(() => {}))
  await hung.subscribeTo(source)
  source.emit(range(0, 10))
  await turns(5)
  const unreached = hung.flushed()
  await t.throwsAsync(hung.stop(undefined, { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  await unreached
  await source.stop()
  await source.flushed()
})
