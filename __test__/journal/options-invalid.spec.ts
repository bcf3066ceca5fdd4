import test from 'ava'
import { fileJournal, type JournalRecord } from '../../index.ts'
import { JournalFolder, replayed } from '../helpers/journals.ts'

const openings: readonly (readonly [string, unknown, unknown])[] = [
  ['directory', 5, undefined],
  ['directory', '', undefined],
  ['directory', 'a\0b', undefined],
  ['directory', new URL('https://example.org/x'), undefined],
  ['options', '.', null],
  ['options', '.', 5],
  ['durability', '.', { durability: 'fsync' }],
  ['segmentBytes', '.', { segmentBytes: 0 }],
  ['segmentBytes', '.', { segmentBytes: 1.5 }],
  ['segmentBytes', '.', { segmentBytes: '1' }],
]

for (const [name, directory, options] of openings) {
  test(`fileJournal names ${name}: ${String(directory).replace('\0', '0')}, ${JSON.stringify(options)}`, async t => {
    await t.throwsAsync(fileJournal(directory as string, options as object), {
      code: 'ERR_INVALID_OPTION',
      message: new RegExp(`^\`${name}\` must be`, 'u'),
    })
  })
}

test('append refuses each malformed record by its place, and writes nothing of its list', async t => {
  using folder = new JournalFolder()
  await using journal = await fileJournal(folder.path)
  const good: JournalRecord = { kind: 'event', sequence: 1 }
  const bad: readonly (readonly [string, unknown])[] = [
    ['records[1]', null],
    ['records[1].kind', { ...good, kind: 'other' }],
    ['records[1].sequence', { ...good, sequence: -1 }],
    ['records[1].sequence', { ...good, sequence: 2 ** 53 }],
    ['records[1].sequence', { kind: 'event' }],
    ['records[1].epoch', { ...good, epoch: 0.5 }],
    ['records[1].processor', { ...good, processor: 5 }],
    ['records[1].processor', { ...good, processor: '\uD800' }],
    ['records[1].processor', { ...good, processor: 'x'.repeat(65_536) }],
    ['records[1].processor', { ...good, processor: 'é'.repeat(40_000) }],
    ['records[1].payload', { ...good, payload: 'text' }],
    ['records[1].payload', { ...good, payload: new ArrayBuffer(1) }],
  ]
  for (const [name, record] of bad) {
    const error = await t.throwsAsync(journal.append([good, record as JournalRecord]), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith(`\`${name}\` must be`), error?.message)
  }
  await t.throwsAsync(journal.append('x' as never), { code: 'ERR_INVALID_OPTION', message: /`records`/u })
  for (const below of [-1, 0.5, '1', undefined]) {
    await t.throwsAsync(journal.compact(below as number), { code: 'ERR_INVALID_OPTION', message: /`below`/u })
  }
  t.deepEqual(await replayed(journal), [])
})

test('a directory that can not be made says what the system says', async t => {
  const error = await t.throwsAsync<NodeJS.ErrnoException>(fileJournal('/dev/null/journal'), { code: 'EEXIST' })
  t.is(error?.path, '/dev/null')
  t.is(error?.message, 'mkdir EEXIST: /dev/null')
})
