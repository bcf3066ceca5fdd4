// The events of a stage in a loop.
import test from 'ava'
import { producer, producerConsumer, snapshot } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'
import { counting, range, silent } from './stages.ts'

async function take<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const event of events) {
    taken.push(event)
    if (taken.length >= count) break
  }
  return taken
}

test('GS-36: may consume 10 events out of a demand of 1000; leaving cancels', async t => {
  const { asks, source: count } = counting()
  const source = producer(count)
  t.deepEqual(await take(source.events(), 10), range(0, 10))
  t.is(source.metrics().subscribers, 0)
  t.deepEqual(asks, [1000])
  await source.stop()
})

test('GS-36: may consume 300 events out of a demand of 100', async t => {
  const source = producer(counting().source)
  t.deepEqual(await take(source.events({ maxDemand: 100 }), 300), range(0, 300))
  t.is(source.metrics().subscribers, 0)
  await source.stop()
})

for (const cancel of ['permanent', 'transient', 'temporary'] as const) {
  test(`GS-37: ${cancel}: a producer that is gone is ${cancel === 'temporary' ? 'an empty loop' : 'an error'}`, async t => {
    const source = producer(counting().source)
    await source.stop()
    const loop = take(source.events({ cancel }), 10)
    if (cancel === 'temporary') t.deepEqual(await loop, [])
    else await t.throwsAsync(loop, { code: 'ERR_STAGE_STOPPED' })
  })

  test(`GS-37: ${cancel}: a producer that fails is ${cancel === 'temporary' ? 'an end' : 'the error'}`, async t => {
    const source = producer<number>(silent().source)
    const loop = take(source.events({ cancel }), 10)
    await turns(1)
    source.emit([1])
    await source.stop(new Error('no thanks'))
    if (cancel === 'temporary') t.deepEqual(await loop, [1])
    else await t.throwsAsync(loop, { message: 'no thanks' })
  })
}

test('GS-38: the loop ends with its producer', async t => {
  const source = producer(range(0, 10))
  t.deepEqual(await take(source.events({ cancel: 'transient' }), 1000), range(0, 10))
  await source.done
})

test('GS-39: a producer goes on after a loop was left, where it stood', async t => {
  const source = producer(range(0, 10))
  t.deepEqual(await take(source.events({ maxDemand: 1 }), 3), [0, 1, 2])
  t.is(await standing(source.done), 'pending')
  t.deepEqual(await take(source.events(), 100), range(3, 10))
  await source.done
})

test('return() answers at once while next() is parked, which then ends', async t => {
  const source = producer<number>(silent().source)
  const events = source.events()[Symbol.asyncIterator]()
  const parked = [events.next(), events.next()]
  t.deepEqual(await events.return?.(), { done: true, value: undefined })
  t.deepEqual(await Promise.all(parked), [
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
  t.is(source.metrics().subscribers, 0)
  await source.stop()
})

test('parked nexts are answered in order, and the error is told once', async t => {
  const source = producer<number>(silent().source)
  const events = source.events()[Symbol.asyncIterator]()
  const parked = [events.next(), events.next()]
  source.emit([1, 2, 3])
  t.deepEqual(
    (await Promise.all(parked)).map(({ value }) => value),
    [1, 2],
  )
  void source.stop(new Error('over'))
  t.is((await events.next()).value, 3)
  await t.throwsAsync(async () => await events.next(), { message: 'over' })
  t.deepEqual(await events.next(), { done: true, value: undefined })
})

test('each loop is a subscription of its own', async t => {
  const source = producer(range(0, 4), { dispatcher: { type: 'broadcast' }, demand: 'accumulate' })
  const both = [take(source.events(), 10), take(source.events(), 10)]
  await turns(1)
  source.demand('forward')
  t.deepEqual(await Promise.all(both), [range(0, 4), range(0, 4)])
})

test('the slow loop sets the pace of a chain', async t => {
  const { asks, source: count } = counting()
  const source = producer(count)
  const middle = producerConsumer<number, number>(events => [...events])
  await middle.subscribeTo(source, { maxDemand: 4, minDemand: 0 })
  const taken = await take(middle.events({ maxDemand: 2, minDemand: 0 }), 10)
  t.deepEqual(taken, range(0, 10))
  await turns(2)
  t.true(asks.reduce((sum, ask) => sum + ask, 0) <= 10 + 4 + 4 + 2, String(asks))
  await middle.stop(undefined, { timeout: 0 }).catch(() => {})
  await source.stop()
})

test('a named stage is in the snapshot, an unnamed one is not', async t => {
  const named = producer(range(0, 3), { name: 'listed numbers' })
  const unnamed = producer(range(0, 3))
  t.deepEqual(await take(named.events(), 2), [0, 1])
  const listed = snapshot().stages.filter(({ name }) => name === 'listed numbers' || name === '')
  t.deepEqual(listed, [named.metrics()])
  await named.stop()
  await unnamed.stop()
})
