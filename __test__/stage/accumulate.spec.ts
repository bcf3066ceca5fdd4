// Holding back demand and events until all subscribers are there.
import test from 'ava'
import { consumer, producer, type ProducerOptions } from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'
import { counting, ending, recorder, silent } from './stages.ts'

function first(options: ProducerOptions<number>) {
  const { asks, source: count } = counting()
  return { asks, source: producer(count, options), ...recorder<number>(4) }
}

test('GS-14: demand can be set to accumulate on init', async t => {
  const { asks, source, stage, batches, full } = first({ demand: 'accumulate' })
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  await turns(3)
  t.deepEqual([asks, batches], [[], []])
  source.demand('forward')
  await full
  t.deepEqual(batches, [[0, 1, 2, 3]])
})

test('GS-14: demand can be set to accumulate via the API', async t => {
  const { asks, source, stage, batches, full } = first({})
  ending(t, stage, source)
  source.demand('accumulate')
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  await turns(3)
  t.deepEqual([asks, batches], [[], []])
  source.demand('forward')
  await full
  t.deepEqual(batches, [[0, 1, 2, 3]])
})

test('GS-14: demand can be set to forward before subscriptions', async t => {
  const { source, stage, batches, full } = first({ demand: 'accumulate' })
  ending(t, stage, source)
  source.demand('forward')
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  await full
  t.deepEqual(batches, [[0, 1, 2, 3]])
})

test('GS-14: a second accumulate does not reset', async t => {
  const { source, stage, batches, full } = first({ demand: 'accumulate' })
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  source.demand('accumulate')
  source.demand('forward')
  await full
  t.deepEqual(batches, [[0, 1, 2, 3]])
})

test('GS-14: asks are replayed one by one, not summed', async t => {
  const { asks, source: count } = counting()
  const source = producer(count, { demand: 'accumulate' })
  const stages = [recorder<number>(1), recorder<number>(1)]
  ending(t, ...stages.map(({ stage }) => stage), source)
  for (const { stage } of stages) await stage.subscribeTo(source, { maxDemand: 2 })
  source.demand('forward')
  t.deepEqual(asks, [2, 2])
})

test('GS-15: accumulate with broadcast: events queue up singly, and go to both after forward', async t => {
  const source = producer<number>(silent().source, { dispatcher: { type: 'broadcast' } })
  const early = [consumer<number>(() => {}), consumer<number>(() => {})]
  for (const stage of early) await stage.subscribeTo(source)
  source.demand('accumulate')
  for (const stage of early) await stage.stop()
  for (const event of [1, 2, 3, 4]) source.emit([event])
  const late = [recorder<number>(4), recorder<number>(4)]
  ending(t, ...late.map(({ stage }) => stage), source)
  for (const { stage } of late) await stage.subscribeTo(source)
  await turns(3)
  t.deepEqual(
    late.map(({ batches }) => batches),
    [[], []],
  )
  source.demand('forward')
  t.is(source.metrics().buffered, 0)
  for (const { batches, full } of late) {
    await full
    t.deepEqual(batches, [[1], [2], [3], [4]])
  }
})

test('what accumulates is bounded by bufferSize', async t => {
  for (const bufferKeep of ['first', 'last'] as const) {
    const reports: number[] = []
    const source = producer<number>(silent().source, {
      demand: 'accumulate',
      bufferSize: 3,
      bufferKeep,
      onDiscard: count => reports.push(count),
    })
    const { stage, batches, full } = recorder<number>(3)
    ending(t, stage, source)
    for (const events of [[1, 2], [3, 4], [5]]) source.emit(events)
    await stage.subscribeTo(source)
    source.demand('forward')
    await full
    t.deepEqual(batches.flat(), bufferKeep === 'first' ? [1, 2, 3] : [3, 4, 5])
    t.deepEqual(reports, [1, 1])
  }
})
