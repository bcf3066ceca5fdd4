// What the edges of a flow tell: how many values there are, who waits, and who is to blame.
import test from 'ava'
import { flow, merge, type ChannelMetrics, type Flow } from '../../index.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const later = async (x: number): Promise<number> => x

function* numbers(): Generator<number> {
  for (let i = 0; ; i++) yield i
}

const names = (steps: Flow<unknown>): string[] => steps.metrics().map(edge => edge.name)
const edgeOf = (steps: Flow<unknown>, name: string): ChannelMetrics => {
  const edge = steps.metrics().find(one => one.name === name)
  if (edge === undefined) throw new Error(`no edge ${name} among ${names(steps).join(', ')}`)
  return edge
}

test('there is one edge behind the source and one behind each step, first to last, with the names of those who read them', async t => {
  const steps = flow([1], { name: 'import' })
    .map(later, { name: 'parse' })
    .filter(Boolean)
    .buffer({ capacity: 3, name: 'spool' })
    .batch({ maxSize: 2 })
  t.deepEqual(names(steps), ['parse', 'import: filter 2', 'spool', 'import: batch 4', 'end'])
  t.deepEqual(steps.metrics()[0], {
    kind: 'channel',
    name: 'parse',
    length: 0,
    capacity: 0,
    heldBytes: 0,
    fillRatio: 0,
    peakLength: 0,
    sent: 0,
    received: 0,
    dropped: 0,
    waitingSenders: 0,
    waitingReceivers: 0,
    sendWaitMs: { total: 0, max: 0 },
  })
  await steps.toArray()
  t.is(names(steps).at(-1), 'toArray')
  const branch = flow([1])
    .map(later)
    .broadcast(2)[1]
    ?.tap(() => {})
  t.deepEqual(names(branch as Flow<number>), ['map 1', 'broadcast 2', 'tap 3', 'end'])
  t.deepEqual(names(merge(flow([1]), flow([2])).take(1)), ['merge[0]', 'merge[1]', 'take 1', 'end'])
})

for (const slow of ['first', 'second', 'third', 'forEach'] as const) {
  for (const fast of [later, (x: number): number => x]) {
    test(`the last full edge names the step that all wait for: ${slow}, others ${fast === later ? 'later' : 'at once'}`, async t => {
      const gate = deferred()
      const order = ['first', 'second', 'third', 'forEach']
      const step = (name: string): ((x: number) => number | Promise<number>) =>
        name === slow ? async x => await gate.promise.then(() => x) : fast
      const steps = flow(numbers())
        .map(step('first'), { name: 'first' })
        .map(step('second'), { name: 'second' })
        .take(100)
        .map(step('third'), { name: 'third' })
      const done = steps.forEach(slow === 'forEach' ? async () => await gate.promise : () => {})
      const full = (): string | undefined =>
        steps
          .metrics()
          .filter(edge => edge.fillRatio === 1)
          .at(-1)?.name
      await waitFor(() => full() === slow)
      await turns(3)
      t.is(full(), slow)
      for (const name of order.slice(order.indexOf(slow) + 1)) t.is(edgeOf(steps, name).waitingReceivers, 1, name)
      gate.resolve()
      await done
      for (const edge of steps.metrics()) t.like(edge, { length: 0, fillRatio: 0, waitingSenders: 0 })
      for (const edge of steps.metrics().slice(3)) t.like(edge, { sent: 100, received: 100, dropped: 0 })
      if (slow === 'second' && fast === later) t.true(edgeOf(steps, slow).sendWaitMs.total > 0)
    })
  }
}

test('a rate is named as what all wait for', async t => {
  const steps = flow(numbers()).map(later).rate({ limit: 1, interval: 3_600_000 }).take(2)
  const controller = new AbortController()
  const done = steps.toArray({ signal: controller.signal })
  await waitFor(
    () =>
      steps
        .metrics()
        .filter(edge => edge.fillRatio === 1)
        .at(-1)?.name === 'rate 2',
  )
  t.is(edgeOf(steps, 'toArray').waitingReceivers, 1)
  controller.abort()
  await t.throwsAsync(done, { code: 'ABORT_ERR' })
})

test('numbers are exact while values are under way', async t => {
  const gate = deferred()
  const steps = flow(numbers()).map(later, { concurrency: 2, capacity: 3, name: 'work' }).take(20)
  const done = steps.forEach(async () => await gate.promise)
  await waitFor(() => edgeOf(steps, 'take 2').waitingSenders === 2)
  await turns(3)
  const { length, capacity, sent, received, waitingSenders, peakLength, fillRatio } = edgeOf(steps, 'take 2')
  t.deepEqual(
    { length, capacity, sent, received, waitingSenders, peakLength, fillRatio },
    { length: 3, capacity: 3, sent: 4, received: 1, waitingSenders: 2, peakLength: 3, fillRatio: 1 },
  )
  gate.resolve()
  await done
})

test('of batches, lines and buffers it is told what they hold', async t => {
  const gate = deferred()
  const steps = flow(numbers()).batch({ maxSize: 10 }).take(3)
  const done = steps.forEach(async () => await gate.promise)
  await waitFor(() => edgeOf(steps, 'take 2').received === 10 && edgeOf(steps, 'take 2').fillRatio === 1)
  t.is(edgeOf(steps, 'take 2').length, 10)
  t.is(edgeOf(steps, 'take 2').received, 10)
  gate.resolve()
  await done
  const lines = flow(['a\nb\nc\nd\n']).lines()
  const iterator = lines[Symbol.asyncIterator]()
  await iterator.next()
  t.like(edgeOf(lines, 'loop'), { length: 3, capacity: 4, sent: 4, received: 1 })
  await iterator.return?.()
  const buffered = flow(numbers()).buffer({ capacity: 4, maxBytes: 100, sizeOf: () => 10 })
  const loop = buffered[Symbol.asyncIterator]()
  await loop.next()
  await waitFor(() => edgeOf(buffered, 'loop').length === 4)
  t.is(edgeOf(buffered, 'loop').heldBytes, 40)
  await loop.return?.()
})
