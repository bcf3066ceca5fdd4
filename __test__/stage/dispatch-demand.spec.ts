// Who gets what: the dispatcher 'demand', step by step, with the numbers of GenStage's own suite.
import test from 'ava'
import { consumer, producer } from '../../index.ts'
import { DemandDispatcher } from '../../src/stage/dispatchers/index.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { ending, silent } from './stages.ts'

const letters = (text: string): string[] => text.split('')

function dispatcher(ids: number[], shuffles = false): DemandDispatcher<string> {
  const made = new DemandDispatcher<string>(shuffles)
  for (const id of ids) made.subscribe(id)
  return made
}

test('GS-40: subscribes, asks and cancels: what was ordered for who left pays for the next asks', t => {
  const demand = dispatcher([1])
  t.is(demand.ask(1, 10), 10)
  t.is(demand.cancel(1), 0)
  demand.subscribe(2)
  t.is(demand.ask(2, 5), 0)
  t.is(demand.cancel(2), 0)
  t.deepEqual(demand.dispatch(letters('abc')), { deliveries: [], leftover: letters('abc') })
  demand.subscribe(3)
  // Seven of the ten are still to come.
  t.is(demand.ask(3, 10), 3)
})

test('GS-40: the greatest demand first: asks 4/2/3, then more', t => {
  const demand = dispatcher([1, 2, 3])
  t.deepEqual([demand.ask(1, 4), demand.ask(2, 2), demand.ask(3, 3)], [4, 2, 3])
  t.deepEqual(dispatcherOrder(demand), [1, 3, 2])
  const again = dispatcher([1, 2, 3])
  again.ask(1, 4)
  again.ask(2, 2)
  again.ask(3, 3)
  again.ask(3, 2)
  again.ask(2, 4)
  t.deepEqual(dispatcherOrder(again), [2, 3, 1])
})

/** Empties it, and says who came in which order. */
function dispatcherOrder(demand: DemandDispatcher<string>): number[] {
  const order: number[] = []
  for (const [id] of demand.dispatch(letters('abcdefghijklmnopqrstuvwxyz')).deliveries) order.push(id)
  return order
}

test('GS-41: subscribes, asks and dispatches: what is over is left', t => {
  const demand = dispatcher([1])
  t.is(demand.ask(1, 3), 3)
  t.deepEqual(demand.dispatch(['a']).deliveries, [[1, ['a']]])
  t.is(demand.ask(1, 3), 3)
  t.deepEqual(demand.dispatch(letters('bcdefgh')), { deliveries: [[1, letters('bcdef')]], leftover: letters('gh') })
  t.deepEqual(demand.dispatch(letters('ij')), { deliveries: [], leftover: letters('ij') })
})

test('GS-41: dispatches to several: one batch fits all, two batches alternate, left-overs', t => {
  const demand = dispatcher([1, 2])
  demand.ask(1, 3)
  demand.ask(2, 2)
  t.deepEqual(demand.dispatch(letters('abcde')), {
    deliveries: [
      [1, letters('abc')],
      [2, letters('de')],
    ],
    leftover: [],
  })
  t.deepEqual(demand.dispatch(letters('abc')).leftover, letters('abc'))
  t.deepEqual([demand.ask(1, 3), demand.ask(2, 3)], [3, 3])
  t.deepEqual(demand.dispatch(letters('ab')).deliveries, [[1, letters('ab')]])
  t.deepEqual(demand.dispatch(letters('cd')).deliveries, [[2, letters('cd')]])
  t.deepEqual(demand.dispatch(letters('efg')), {
    deliveries: [
      [1, ['e']],
      [2, ['f']],
    ],
    leftover: ['g'],
  })
})

test('GS-42: subscribes twice, asks 3 + 3, cancels one', t => {
  const demand = dispatcher([1, 2])
  t.deepEqual([demand.ask(1, 3), demand.ask(2, 3)], [3, 3])
  t.is(demand.cancel(1), 0)
  t.deepEqual(demand.dispatch(letters('abcde')), { deliveries: [[2, letters('abc')]], leftover: letters('de') })
  // One of the six is still to come.
  t.is(demand.ask(2, 3), 2)
})

test('GS-43: shuffles on the first dispatch only', t => {
  const firsts = new Set<string>()
  for (let i = 0; i < 200; i++) {
    const demand = dispatcher([1, 2], true)
    demand.ask(1, 3)
    demand.ask(2, 2)
    const { deliveries, leftover } = demand.dispatch(letters('abcde'))
    t.deepEqual(leftover, [])
    firsts.add(JSON.stringify(deliveries))
    demand.ask(1, 3)
    demand.ask(2, 2)
    t.is(demand.dispatch(['x']).deliveries[0]?.[0], 1)
  }
  t.deepEqual(
    [...firsts].sort(),
    [
      [
        [1, letters('abc')],
        [2, letters('de')],
      ],
      [
        [2, letters('ab')],
        [1, letters('cde')],
      ],
    ]
      .map(one => JSON.stringify(one))
      .sort(),
  )
})

test.serial('GS-44: warns on demand mismatch', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const source = producer<number>(silent().source)
  const stages = [consumer<number>(() => {}), consumer<number>(() => {})]
  ending(t, ...stages, source)
  await stages[0]?.subscribeTo(source, { maxDemand: 3 })
  await stages[1]?.subscribeTo(source, { maxDemand: 4 })
  await waitFor(() => warnings.length > 0)
  t.regex(warnings[0] ?? '', /asked for 4 events where the first one asked for 3/u)
})
