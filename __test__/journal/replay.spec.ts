import test from 'ava'
import { fileJournal } from '../../index.ts'
import { event, events, JournalFolder, replayed } from '../helpers/journals.ts'
import { turns } from '../helpers/wait-for.ts'

test('a replay gives what was there when it began, while appends go on', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 5000 })
  await journal.append(events(1, 300))
  const records = journal.replay()[Symbol.asyncIterator]()
  const first = await records.next()
  t.deepEqual(first.value, event(1))
  await journal.append(events(301, 600))
  let count = 1
  while (!(await records.next()).done) count += 1
  t.is(count, 300)
  t.is((await replayed(journal)).length, 600)
})

test('appends that were called before a replay are in it', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  const append = journal.append(events(1, 10))
  t.is((await replayed(journal)).length, 10)
  await append
})

test('each iteration begins anew, and several go on beside each other', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path, { segmentBytes: 100_000 })
  await journal.append(Array.from({ length: 1000 }, (_, at) => event(at + 1, 1000)))
  const replay = journal.replay()
  const one = replay[Symbol.asyncIterator]()
  const other = replay[Symbol.asyncIterator]()
  for (let sequence = 1; sequence <= 1000; sequence++) {
    const steps = await Promise.all([one.next(), other.next()])
    for (const step of steps) t.is(step.value?.sequence, sequence)
  }
  t.true((await one.next()).done)
})

test('steps that are asked for at once come in order, each once, and then the end', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append(Array.from({ length: 700 }, (_, at) => event(at + 1, 1000)))
  const records = journal.replay()[Symbol.asyncIterator]()
  const steps = await Promise.all(Array.from({ length: 710 }, async () => await records.next()))
  t.deepEqual(
    steps.slice(0, 700).map(({ value }) => (value as { sequence: number }).sequence),
    events(1, 700).map(({ sequence }) => sequence),
  )
  t.true(steps.slice(700).every(({ done }) => done))
})

test('leaving answers at once while a step is parked', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1)])
  const records = journal.replay()[Symbol.asyncIterator]()
  const order: string[] = []
  const step = records.next().then(({ done }) => order.push(`step ${done}`))
  await records.return?.().then(() => order.push('left'))
  await step
  t.deepEqual(order, ['step true', 'left'])
  t.true((await records.next()).done)
})

test('reading is driven by demand: a block at a time, and no memory for the rest', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  for (let sequence = 1; sequence <= 8; sequence++) await journal.append([event(sequence, 8_000_000)])
  const records = journal.replay()[Symbol.asyncIterator]()
  await records.next()
  const before = process.memoryUsage().arrayBuffers
  await turns(50)
  t.true(process.memoryUsage().arrayBuffers - before < 16_000_000)
  await records.return?.()
})

test('a payload does not keep its block, and is the caller’s own', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append([event(1, 10), event(2, 10)])
  const [first, second] = await replayed(journal)
  t.is(first?.payload?.buffer.byteLength, 10)
  first?.payload?.fill(0)
  t.deepEqual(second, event(2, 10))
})

test('records of one block give the event loop its turn when their consumer is slow', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  await journal.append(Array.from({ length: 1001 }, (_, at) => ({ kind: 'event' as const, sequence: at })))
  const records = journal.replay()[Symbol.asyncIterator]()
  // From here on all of them are in memory.
  await records.next()
  let ran = 0
  let goesOn = true
  const again = (): void => {
    ran += 1
    if (goesOn) setImmediate(again)
  }
  setImmediate(again)
  while (!(await records.next()).done) {
    const until = performance.now() + 0.1
    while (performance.now() < until);
  }
  goesOn = false
  // The end itself is one more block, so without a budget it would be one or two.
  t.true(ran > 5)
})
