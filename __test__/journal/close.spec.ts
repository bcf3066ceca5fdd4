import test from 'ava'
import { fileJournal } from '../../index.ts'
import { startNode } from '../helpers/children.ts'
import { event, events, JournalFolder, replayed } from '../helpers/journals.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('close waits for everything that was appended, parked appends too', async t => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path)
  let done = 0
  const payload = new Uint8Array(6_000_000)
  for (let sequence = 1; sequence <= 10; sequence++) {
    void journal.append([{ kind: 'event', sequence, payload }]).then(() => (done += 1))
  }
  await journal.close()
  t.is(done, 10)
  await using again = await fileJournal(folder.path)
  t.is((await replayed(again)).length, 10)
})

test('a closed journal refuses what comes later, and closes once', async t => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path)
  const running = journal.replay()[Symbol.asyncIterator]()
  const closed = journal.close()
  t.is(journal.close(), closed)
  await t.throwsAsync(journal.append([event(1)]), { code: 'ERR_WRITER_CLOSED' })
  await closed
  await t.throwsAsync(journal.compact(1), { code: 'ERR_WRITER_CLOSED' })
  await t.throwsAsync(running.next(), { code: 'ERR_READER_CLOSED' })
  t.true((await running.next()).done)
  await journal[Symbol.asyncDispose]()
})

test('a journal has one owner: EBUSY in this process and in another, until it is closed', async t => {
  using folder = new JournalFolder()
  const journal = await fileJournal(folder.path)
  const error = await t.throwsAsync<NodeJS.ErrnoException>(fileJournal(folder.path), { code: 'EBUSY' })
  t.is(error?.path, folder.path)
  {
    await using other = startNode(fixture('journal-owner.ts'), { args: ['open', folder.path] })
    t.is(await other.message(), 'EBUSY')
  }
  await journal.close()
  await using other = startNode(fixture('journal-owner.ts'), { args: ['open', folder.path] })
  t.is(await other.message(), 'open')
  await t.throwsAsync(fileJournal(folder.path), { code: 'EBUSY' })
})

test('an idle journal keeps no process alive, and its end gives the directory free', async t => {
  using folder = new JournalFolder()
  await using other = startNode(fixture('journal-owner.ts'), { args: ['idle', folder.path] })
  t.like(await other.exited, { code: 0 })
  await using journal = await fileJournal(folder.path)
  t.is((await replayed(journal)).length, 1)
})

test('process.exit with appends pending is safe, and what was acknowledged is there', async t => {
  using folder = new JournalFolder()
  for (let round = 0; round < 5; round++) {
    await using other = startNode(fixture('journal-owner.ts'), { args: ['exit', folder.path] })
    const acknowledged = await other.message<number>()
    t.deepEqual(await other.exited, { code: 7, signal: null }, other.stderr)
    await using journal = await fileJournal(folder.path)
    t.true((await replayed(journal)).length >= acknowledged)
    await journal.compact(Number.MAX_SAFE_INTEGER)
  }
})

test('a worker has journals of its own; terminated with appends pending it gives them free', async t => {
  using folder = new JournalFolder()
  await using other = startNode(fixture('journal-owner.ts'), { args: ['workers', folder.path] })
  t.is(await other.message(), 'done')
  t.like(await other.exited, { code: 0 })
})

test('a journal that is forgotten is closed in the end', async t => {
  using folder = new JournalFolder()
  await using other = startNode(fixture('journal-owner.ts'), {
    args: ['forget', folder.path],
    execArgv: ['--expose-gc'],
  })
  t.is(await other.message(), 'forgotten')
  await waitFor(
    async () => {
      other.send('collect')
      return (await other.message()) === 'free'
    },
    { deadline: 20_000, interval: 20 },
  )
  other.send('end')
  t.like(await other.exited, { code: 0 })
})

test('pending appends keep the process alive until they are done', async t => {
  using folder = new JournalFolder()
  await using other = startNode(fixture('journal-owner.ts'), { args: ['pending', folder.path] })
  t.like(await other.exited, { code: 0 })
  await using journal = await fileJournal(folder.path)
  t.deepEqual(await replayed(journal), events(1, 50))
})

function fixture(name: string): URL {
  return new URL(`../fixtures/${name}`, import.meta.url)
}
