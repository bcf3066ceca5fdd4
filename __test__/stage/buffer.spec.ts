// Events that nobody has asked for: how many are kept, which, and who is told of the rest.
import test from 'ava'
import { producer, producerConsumer } from '../../index.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, ending, range, recorder, silent } from './stages.ts'

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

test('GS-17: stores events when there is no demand', async t => {
  const { source: count } = counting()
  const source = producer<string | number>(count)
  const { stage, batches, full } = recorder<string | number>(12)
  ending(t, stage, source)
  source.emit(['a', 'b', 'c'])
  source.emit(['d', 'e'])
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  await full
  t.deepEqual(batches, [['a', 'b', 'c', 'd'], ['e'], [0, 1, 2], [3, 4, 5, 6]])
})

for (const [row, bufferKeep, kept] of [
  ['GS-18', 'first', LETTERS.slice(0, 5)],
  ['GS-19', 'last', LETTERS.slice(3)],
] as const) {
  test(`${row}: keeps ${bufferKeep} when it exceeds the configured size, and reports 3`, async t => {
    const reports: number[] = []
    const source = producer<string>(silent().source, {
      bufferSize: 5,
      bufferKeep,
      onDiscard: discarded => reports.push(discarded),
    })
    const { stage, batches, full } = recorder<string>(5)
    ending(t, stage, source)
    source.emit(LETTERS.slice(0, 5))
    source.emit(LETTERS.slice(5))
    t.deepEqual(reports, [3])
    t.is(source.metrics().discarded, 3)
    await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
    await full
    t.deepEqual(batches, [kept.slice(0, 4), kept.slice(4)])
  })
}

test('GS-20: the size may be Infinity, and the count can be polled', async t => {
  const source = producer<string>(silent().source, { bufferSize: Infinity })
  const { stage, batches, full } = recorder<string>(8)
  ending(t, stage, source)
  source.emit(LETTERS.slice(0, 5))
  t.is(source.metrics().buffered, 5)
  source.emit(LETTERS.slice(5))
  t.is(source.metrics().buffered, 8)
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  await full
  t.deepEqual(batches, [LETTERS.slice(0, 4), LETTERS.slice(4)])
  t.is(source.metrics().buffered, 0)
})

test.serial('GS-21: onDiscard takes the place of the warning, and may throw', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const quiet = producer<string>(silent().source, { bufferSize: 5, onDiscard: () => {} })
  quiet.emit(LETTERS)
  await turns(2)
  t.deepEqual(warnings, [])
  const loud = producer<string>(silent().source, { bufferSize: 5, name: 'loud' })
  loud.emit(LETTERS)
  await waitFor(() => warnings.length === 1)
  t.is(warnings[0], "The stage 'loud' has discarded 3 events")
  const broken = producer<string>(silent().source, {
    bufferSize: 5,
    onDiscard: () => {
      throw new Error('no report today')
    },
  })
  broken.emit(LETTERS)
  t.is(broken.metrics().buffered, 5)
  await waitFor(() => warnings.length === 2)
  t.is(warnings[1], 'no report today')
})

test('an array that was handed in stays its owner’s, who may go on with it', async t => {
  const own = [1, 2, 3]
  const source = producer<number>(() => own)
  const middle = producerConsumer<number, number>(() => own)
  source.emit(own)
  own.push(4, 5)
  t.is(source.metrics().buffered, 3)
  const { stage, batches, full } = recorder<number>(3)
  ending(t, stage, middle, source)
  await stage.subscribeTo(middle, { maxDemand: 3, minDemand: 0 })
  await middle.subscribeTo(source, { maxDemand: 1, minDemand: 0 })
  own.length = 3
  await full
  own.length = 0
  t.deepEqual(batches[0], [1, 2, 3])
})

test('a function that gives more than it was asked for fills the buffer', async t => {
  let next = 0
  const source = producer<number>(demand => {
    next += demand + 3
    return range(next - demand - 3, next)
  })
  const { stage, batches, full } = recorder<number>(10)
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 5, minDemand: 0 })
  await full
  t.deepEqual(batches, [range(0, 5), range(5, 8), range(8, 10)])
})

test('what a producerConsumer holds is bounded, though its consumer stands still', async t => {
  let handled = 0
  const source = producer(counting().source)
  const middle = producerConsumer<number, number>(events => {
    handled += events.length
    return events.flatMap(event => [event, event, event, event])
  })
  const { stage } = recorder<number>(1)
  ending(t, stage, middle, source)
  await stage.subscribeTo(middle, { maxDemand: 10 })
  await middle.subscribeTo(source, { maxDemand: 100, minDemand: 90 })
  await waitFor(() => handled > 0)
  await turns(5)
  // Twice the maxDemand below, and the output of one call at most; what is not handled is bounded by the maxDemand above.
  t.true(middle.metrics().buffered <= 20 + 40 + 100, String(middle.metrics().buffered))
  t.is(source.metrics().discarded + middle.metrics().discarded, 0)
})

test('a generator is taken from only as far as its events are asked for', async t => {
  let made = 0
  const middle = producerConsumer<number, number>(function* (events) {
    for (const event of events) {
      for (let i = 0; i < 1_000_000; i++) {
        made += 1
        yield event
      }
    }
  })
  const { stage, full } = recorder<number>(10)
  const source = producer([7])
  ending(t, stage, middle, source)
  await middle.subscribeTo(source)
  await stage.subscribeTo(middle, { maxDemand: 10, minDemand: 0 })
  await full
  t.is(made, 10)
  // The event it is made of is still being handled.
  t.is(middle.metrics().buffered, 1)
})

test('an async generator of a handler too, and its error is the stage’s', async t => {
  const middle = producerConsumer<number, string>(async function* (events) {
    for (const event of events) yield `${event}`
    throw new Error('half way')
  })
  const { stage, batches } = recorder<string>(10)
  const source = producer([1, 2])
  ending(t, stage, source)
  await stage.subscribeTo(middle)
  await middle.subscribeTo(source)
  await t.throwsAsync(middle.done, { message: 'half way' })
  await t.throwsAsync(stage.done, { message: 'half way' })
  t.deepEqual(batches.flat(), ['1', '2'])
})
