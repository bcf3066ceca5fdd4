// What the edges of a flow tell: how many values there are, who waits, and who is to blame.
import test from 'ava'
import { flow, type ChannelMetrics, type Flow } from '../../index.ts'
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

test('there is one edge for the source and one behind each step, first to last, with the name that was given', t => {
  const steps = flow([1], { name: 'import' })
    .map(later, { name: 'parse' })
    .filter(Boolean)
    .buffer({ capacity: 3, name: 'spool' })
    .batch({ maxSize: 2 })
  t.deepEqual(names(steps), ['import: source', 'parse', 'import: filter 2', 'spool', 'import: batch 4'])
  t.deepEqual(names(flow([1]).map(later).broadcast(2)[1] as Flow<number>), ['source', 'map 1', 'broadcast 2[1]'])
  t.deepEqual(steps.metrics()[0], {
    kind: 'channel',
    name: 'import: source',
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
})

for (const slow of ['first', 'second', 'third', 'end'] as const) {
  for (const fast of [later, (x: number): number => x]) {
    test(`the last full edge is the one before the step that all wait for: ${slow}, others ${fast === later ? 'later' : 'at once'}`, async t => {
      const gate = deferred()
      const order = ['source', 'first', 'second', 'third', 'end']
      const step = (name: string) => (name === slow ? async (x: number) => (await gate.promise, x) : fast)
      const steps = flow(numbers())
        .take(100)
        .map(step('first'), { name: 'first' })
        .map(step('second'), { name: 'second' })
        .map(step('third'), { name: 'third' })
      const done = steps.forEach(slow === 'end' ? async () => await gate.promise : () => {})
      const before = order[order.indexOf(slow) - 1] ?? ''
      if (before !== 'source') await waitFor(() => edgeOf(steps, before).fillRatio === 1)
      await turns(3)
      const full = steps.metrics().filter(edge => edge.fillRatio === 1)
      t.is(full.at(-1)?.name, before === 'source' ? undefined : before)
      for (const name of order.slice(order.indexOf(slow), 4)) t.is(edgeOf(steps, name).waitingReceivers, 1, name)
      gate.resolve()
      await done
      for (const edge of steps.metrics()) {
        t.is(edge.sent, 100)
        t.is(edge.received, 100)
        t.is(edge.length, 0)
      }
      if (before !== 'source' && fast === later) t.true(edgeOf(steps, before).sendWaitMs.total > 0)
    })
  }
}

test('numbers are exact while values are under way', async t => {
  const gate = deferred()
  const steps = flow(numbers()).map(later, { concurrency: 2, capacity: 3, name: 'work' }).take(20)
  const done = steps.forEach(async () => await gate.promise)
  await waitFor(() => edgeOf(steps, 'work').waitingSenders === 2)
  await turns(3)
  const { length, capacity, sent, received, waitingSenders, peakLength, fillRatio } = edgeOf(steps, 'work')
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
  await waitFor(() => edgeOf(steps, 'batch 1').received === 10 && edgeOf(steps, 'batch 1').fillRatio === 1)
  t.is(edgeOf(steps, 'batch 1').length, 10)
  t.is(edgeOf(steps, 'batch 1').received, 10)
  gate.resolve()
  await done
  const lines = flow(['a\nb\nc\nd\n']).lines()
  const iterator = lines[Symbol.asyncIterator]()
  await iterator.next()
  t.like(edgeOf(lines, 'lines 1'), { length: 3, capacity: 4, sent: 4, received: 1 })
  await iterator.return?.()
  const buffered = flow(numbers()).buffer({ capacity: 4, maxBytes: 100, sizeOf: () => 10 })
  const loop = buffered[Symbol.asyncIterator]()
  await loop.next()
  await waitFor(() => edgeOf(buffered, 'buffer 1').length === 4)
  t.is(edgeOf(buffered, 'buffer 1').heldBytes, 40)
  await loop.return?.()
})
