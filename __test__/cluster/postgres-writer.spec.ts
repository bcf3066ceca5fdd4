// Tables as a writer: rows that are never there twice, whatever comes twice, and nothing from those who are fenced off. Only where there is a server.
import anyTest from 'ava'
import { EventPipeline, type WriteItem } from '../../index.ts'
import { postgresWriter, type PostgresStatementOptions, type PostgresWriter } from '../../src/cluster/index.ts'
import { deferred } from '../helpers/deferred.ts'
import { onPostgres, Postgres } from '../helpers/postgres.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Wire } from '../helpers/wire.ts'
import { MemoryLog } from '../pipeline/memory-log.ts'
import { batchOf, freshName, HeardLink, rowsOf } from './tables.ts'

const test = onPostgres(anyTest)
let postgres: Postgres
test.before(async () => void (postgres = await Postgres.start({ tcp: true })))
test.after.always(async () => await postgres?.[Symbol.asyncDispose]())

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const lines = (values: readonly number[]): string[] => values.map(String)
const same = ({ data }: { data: number }): number[] => [data]
const retry = { attempts: 50, initial: 5, max: 20 }

type Extra = Partial<PostgresStatementOptions<number>>

/** A table of numbers without any key: what is written twice is there twice. */
async function numbersTable(constraint = ''): Promise<string> {
  const table = freshName()
  await postgres.psql(`CREATE TABLE ${table} (n integer${constraint})`).run()
  return table
}

function intoTable(table: string, options: Omit<Extra, 'write' | 'table' | 'toRow'> = {}): PostgresWriter<number> {
  const connectionString = postgres.connectionString()
  const marks = `${table}_marks`
  return postgresWriter<number>({ connectionString, marks, table, toRow: ({ value }) => ({ n: value }), ...options })
}

function withStatements(
  marks: string,
  write: PostgresStatementOptions<number>['write'],
  options: Extra = {},
): PostgresWriter<number> {
  return postgresWriter<number>({ connectionString: postgres.connectionString(), marks, write, ...options })
}

test('a batch and its mark are one transaction: rows as given, in order', async t => {
  const table = freshName()
  await postgres.psql(`CREATE TABLE "${table}" ("Odd ""name" text, at jsonb, id serial)`).run()
  await using writer = postgresWriter<number>({
    connectionString: postgres.connectionString(),
    table,
    marks: `public.${table}_marks`,
    toRow: ({ sequence, index, value }, processor) => ({
      'Odd "name': `${processor} ${value}`,
      at: { sequence, index },
    }),
  })
  const link = new HeardLink()
  await writer.write(batchOf([1, 2, 7]), link)
  await writer.write(batchOf([8]), link)
  t.deepEqual(await rowsOf(postgres, table, `id, "Odd ""name", at->>'sequence'`), [
    '1|p 1|1',
    '2|p 2|2',
    '3|p 7|7',
    '4|p 8|8',
  ])
  const [mark] = await rowsOf(postgres, `${table}_marks`, 'writer, processor, epoch, sequence, index')
  t.is(mark, `${table}|p|1|8|0`)
  t.deepEqual(link.acks, ['7.0', '8.0'])
})

test('what is not behind the mark is written no more: after a lost answer, a rewind, a crash', async t => {
  const table = await numbersTable()
  const log = new MemoryLog()
  const pipeline = await EventPipeline.open<number>({ log })
  const writer = intoTable(table)
  const processor = await pipeline.addProcessor<number>({ name: 'p', process: same, writer })
  for (const n of numbers(30)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 40_000 })
  await processor.rewind(5)
  await pipeline.publish(31)
  await processor.caughtUp({ timeout: 40_000 })
  t.deepEqual(await rowsOf(postgres, table), lines(numbers(31)))
  // Its progress is lost, as if it had crashed before it could be told.
  const again = await EventPipeline.open<number>({ log: log.another() })
  await log.commit('p', 0, await log.acquire('p'))
  await using second = intoTable(table)
  const resumed = await again.addProcessor<number>({ name: 'p', process: same, writer: second })
  await again.publish(32)
  await resumed.caughtUp({ timeout: 40_000 })
  t.deepEqual(await rowsOf(postgres, table), lines(numbers(32)))
  await pipeline.close()
  await again.close()
  await writer[Symbol.asyncDispose]()
})

test('part of a batch may be behind the mark, within a sequence too', async t => {
  const table = await numbersTable()
  await using writer = intoTable(table)
  const item = (sequence: number, index: number): WriteItem<number> => ({
    sequence,
    index,
    last: false,
    value: sequence * 10 + index,
  })
  const link = new HeardLink()
  const batch = (items: WriteItem<number>[]): ReturnType<typeof batchOf> => ({ processor: 'p', epoch: 1, items })
  await writer.write(batch([item(1, 0), item(1, 1)]), link)
  await writer.write(batch([item(1, 0), item(1, 1), item(1, 2), item(2, 0)]), link)
  await writer.write(batch([item(1, 2), item(2, 0), item(2, 1)]), link)
  t.deepEqual(await rowsOf(postgres, table), lines([10, 11, 12, 20, 21]))
})

test('processors have marks of their own, and so have writers of other names', async t => {
  const table = await numbersTable()
  await using one = intoTable(table, { name: 'one' })
  await using two = intoTable(table, { name: 'two' })
  await Promise.all([
    one.write(batchOf([1, 2], 1, 'a'), new HeardLink()),
    one.write(batchOf([1, 3], 1, 'b'), new HeardLink()),
    two.write(batchOf([1, 4], 1, 'a'), new HeardLink()),
  ])
  t.deepEqual(await rowsOf(postgres, table), lines([1, 1, 1, 2, 3, 4]))
})

test('an epoch that is over writes nothing, and is told so for good', async t => {
  const table = await numbersTable()
  await using old = intoTable(table)
  await using young = intoTable(table)
  const [first, second] = [new HeardLink(1), new HeardLink(2)]
  await old.write(batchOf([1, 2], 1), first)
  await young.write(batchOf([2, 3], 2), second)
  await t.throwsAsync(old.write(batchOf([3, 4], 1), first), {
    code: 'ERR_SEQUENCE_FENCED',
    message: /epoch 1.*epoch 2/u,
  })
  t.is(first.nacks.length, 1)
  t.like(first.nacks[0], { sequence: 3, index: 0, fatal: true })
  await young.write(batchOf([4], 2), second)
  t.deepEqual(await rowsOf(postgres, table), lines(numbers(4)))
})

test('numbers that begin anew are refused, not taken for known ones; nothing of it is a dead letter', async t => {
  const table = await numbersTable()
  await using writer = intoTable(table)
  for (const life of [1, 2]) {
    const pipeline = await EventPipeline.open<number>()
    const dead: unknown[] = []
    const processor = await pipeline.addProcessor<number>({
      name: 'p',
      process: same,
      writer,
      onExhausted: 'dead-letter',
      deadLetter: letter => void dead.push(letter),
    })
    await pipeline.publish(life)
    const outcome = processor.caughtUp({ timeout: 40_000 })
    if (life === 1) await outcome
    else {
      const halted = await t.throwsAsync(outcome, { code: 'ERR_NACK' })
      t.is((halted?.cause as { code?: string } | undefined)?.code, 'ERR_SEQUENCE_FENCED')
    }
    t.deepEqual(dead, [])
    await processor.remove()
    await pipeline.close()
  }
  t.deepEqual(await rowsOf(postgres, table), ['1'])
})

for (const [when, constraint] of [
  ['at once', ' CHECK (n <> 4)'],
  ['at the commit', ' UNIQUE DEFERRABLE INITIALLY DEFERRED'],
] as const) {
  test(`an output that the table refuses ${when} is the only one to blame`, async t => {
    const table = await numbersTable(constraint)
    if (when === 'at the commit') await postgres.psql(`INSERT INTO ${table} VALUES (4)`).run()
    await using writer = intoTable(table)
    const pipeline = await EventPipeline.open<number>({ log: new MemoryLog() })
    const dead: [number, readonly number[]][] = []
    const processor = await pipeline.addProcessor<number>({
      name: 'p',
      process: same,
      writer,
      retry: { attempts: 2, initial: 0 },
      onExhausted: 'dead-letter',
      deadLetter: ({ sequence, items }) => void dead.push([sequence, items]),
    })
    await Promise.all(numbers(10).map(n => pipeline.publish(n)))
    await processor.caughtUp({ timeout: 40_000 })
    t.deepEqual(dead, [[4, [4]]])
    const written = await rowsOf(postgres, table)
    t.deepEqual(
      when === 'at once' ? written : [...new Set(written)],
      lines(numbers(10).filter(n => n !== 4 || when !== 'at once')),
    )
    t.is(pipeline.metrics().processors['p']?.retries, 1)
    await pipeline.close()
  })
}

test('behind an output that failed nothing is written, though it was handed over already', async t => {
  const table = await numbersTable(' CHECK (n <> 2)')
  await using writer = intoTable(table)
  const link = new HeardLink()
  const writes = [[1, 2, 3], [4, 5], [6]].map(sequences => writer.write(batchOf(sequences), link))
  const outcomes = await Promise.allSettled(writes)
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  t.deepEqual(link.acks, ['1.0'])
  t.is(link.nacks.length, 1)
  t.like(link.nacks[0], { sequence: 2, index: 0, fatal: false })
  t.deepEqual(await rowsOf(postgres, table), ['1'])
  await writer.write(batchOf([3, 4]), link)
  t.deepEqual(await rowsOf(postgres, table), lines([1, 3, 4]))
})

test('a nack is told before its write settles, and what is sent again at once is written', async t => {
  const table = await numbersTable(' CHECK (n <> 2)')
  await using writer = intoTable(table)
  let again: Promise<unknown> | undefined
  const link: HeardLink = new HeardLink(1, () => {
    again = writer.write(batchOf([3, 4]), link)
  })
  await t.throwsAsync(async () => await writer.write(batchOf([1, 2]), link))
  await again
  t.deepEqual(await rowsOf(postgres, table), lines([1, 3, 4]))
})

test('statements of your own run in the transaction; a failure that they swallow commits nothing', async t => {
  const table = await numbersTable(' PRIMARY KEY')
  const insert = `INSERT INTO ${table} SELECT unnest($1::int[]) RETURNING n`
  let hides = false
  await using writer = withStatements(`${table}_marks`, async (client, items) => {
    const asked = client.query<{ n: number }>(insert, [items.map(({ value }) => value)])
    if (hides) await asked.catch(() => {})
    else t.is((await asked).rows.length, items.length)
  })
  const link = new HeardLink()
  await writer.write(batchOf([1, 2]), link)
  await writer.write(batchOf([2]), link)
  hides = true
  await postgres.psql(`INSERT INTO ${table} VALUES (3)`).run()
  await t.throwsAsync(writer.write(batchOf([3]), link), { message: /transaction is aborted/u })
  const [mark] = await rowsOf(postgres, `${table}_marks`, 'writer, sequence')
  t.is(mark, 'postgres|2')
  await writer.write(batchOf([4]), link)
  t.deepEqual(await rowsOf(postgres, table), lines([1, 2, 3, 4]))
})

test('an output without a row moves the mark; rows of different columns, and more than one statement takes', async t => {
  const table = freshName()
  await postgres.psql(`CREATE TABLE ${table} (n integer, twice integer DEFAULT -1)`).run()
  await using writer = postgresWriter<number>({
    connectionString: postgres.connectionString(),
    table,
    marks: `${table}_marks`,
    maxBatch: 70_000,
    capacity: 70_000,
    toRow: ({ value }) =>
      value === 2 ? undefined : value % 1000 === 0 ? { n: value } : { n: value, twice: 2 * value },
  })
  await writer.write(batchOf(numbers(70_000)), new HeardLink())
  const { stdout } = await postgres
    .psql(`SELECT count(*), count(*) FILTER (WHERE twice = -1), sum(n) FROM ${table}`)
    .run()
  t.is(stdout, `69999|70|${(70_000 * 70_001) / 2 - 2}`)
})

test('a connection that breaks, anywhere: tried again over a new one, each row there once', async t => {
  const table = await numbersTable()
  await using wire = await Wire.to(postgres.port)
  await using writer = intoTable(table, {
    connectionString: postgres.connectionString(wire.port),
    maxBatch: 7,
    capacity: 21,
  })
  const pipeline = await EventPipeline.open<number>({ log: new MemoryLog(), ring: 64 })
  const processor = await pipeline.addProcessor<number>({ name: 'p', process: same, writer, retry })
  for (const n of numbers(1500)) {
    await pipeline.publish(n)
    if (n % 50 !== 0) continue
    const pieces = wire.pieces + (n % 11)
    await waitFor(() => wire.pieces > pieces || processor.published === n, { deadline: 10_000, interval: 1 })
    wire.cut()
    wire.mend()
  }
  await processor.caughtUp({ timeout: 60_000 })
  t.deepEqual((await rowsOf(postgres, table)).map(Number), numbers(1500))
  await pipeline.close()
})

test('without retry a lost connection halts the processor, and resume goes on', async t => {
  const table = await numbersTable()
  await using wire = await Wire.to(postgres.port)
  await using writer = intoTable(table, { connectionString: postgres.connectionString(wire.port) })
  const pipeline = await EventPipeline.open<number>({ log: new MemoryLog() })
  const processor = await pipeline.addProcessor<number>({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  await processor.caughtUp({ timeout: 40_000 })
  wire.cut()
  await pipeline.publish(2)
  const halted = await t.throwsAsync(processor.caughtUp({ timeout: 40_000 }), { code: 'ERR_NACK' })
  t.regex(String((halted?.cause as { code?: string } | undefined)?.code), /^E[A-Z]+$/u)
  wire.mend()
  processor.resume()
  await processor.caughtUp({ timeout: 40_000 })
  t.deepEqual(await rowsOf(postgres, table), ['1', '2'])
  await pipeline.close()
})

test('a transaction that takes too long is given up with its connection, and what it did is undone', async t => {
  const table = await numbersTable()
  const stuck = deferred()
  const marks = `${table}_marks`
  await using writer = withStatements(
    marks,
    async (client, [first]) => {
      await client.query(`INSERT INTO ${table} VALUES ($1)`, [first?.value])
      if (first?.value === 1) await stuck.promise
    },
    { timeout: 300 },
  )
  await t.throwsAsync(writer.write(batchOf([1]), new HeardLink(1)), { code: 'ERR_TIMEOUT' })
  // Where nobody is quick, its connection may take longer than that too.
  const written = async (): Promise<boolean> =>
    await writer.write(batchOf([2], 2), new HeardLink(2)).then(
      () => true,
      () => false,
    )
  await waitFor(written, { deadline: 30_000 })
  stuck.resolve()
  t.deepEqual(await rowsOf(postgres, table), ['2'])
})

test('disposal waits for what is under way and leaves no connection; later writes are refused', async t => {
  const table = await numbersTable()
  const writer = intoTable(table, { connectionString: `${postgres.connectionString()}?application_name=${table}` })
  const link = new HeardLink()
  const writes = [writer.write(batchOf([1, 2]), link), writer.write(batchOf([3]), link)]
  await writer[Symbol.asyncDispose]()
  await Promise.all(writes)
  const count = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${table}'`
  await waitFor(async () => (await postgres.psql(count).run()).stdout === '0', { deadline: 10_000 })
  await t.throwsAsync(writer.write(batchOf([4]), link), { code: 'ERR_WRITER_CLOSED' })
  await writer[Symbol.asyncDispose]()
  t.deepEqual(await rowsOf(postgres, table), ['1', '2', '3'])
})

test('writers that come at once make one table of marks; a role that may not make any finds it', async t => {
  const table = await numbersTable()
  const writers = numbers(6).map(() => intoTable(table))
  await Promise.all(writers.map((writer, i) => writer.write(batchOf([1], 1, `p${i}`), new HeardLink())))
  for (const writer of writers) await writer[Symbol.asyncDispose]()
  await postgres
    .psql(
      `CREATE ROLE ${table}_role LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT INSERT ON ${table} TO ${table}_role; GRANT SELECT, INSERT, UPDATE ON ${table}_marks TO ${table}_role`,
    )
    .run()
  await using humble = intoTable(table, {
    connectionString: postgres.connectionString().replace('tester', `${table}_role`),
  })
  await humble.write(batchOf([2], 1, 'q'), new HeardLink())
  t.deepEqual(await rowsOf(postgres, table), lines([1, 1, 1, 1, 1, 1, 2]))
})

test('what is malformed is refused by its name, and no password is shown', t => {
  const connectionString = 'postgres://a:secret@b/c'
  const toRow = (): { n: number } => ({ n: 1 })
  const refusals: [Record<string, unknown>, RegExp][] = [
    [{ table: 't', toRow }, /`connectionString`/u],
    [{ connectionString: '', table: 't', toRow }, /`connectionString`/u],
    [{ connectionString }, /`write`/u],
    [{ connectionString, table: 't' }, /`toRow`/u],
    [{ connectionString, table: 't', toRow, write: async () => {} }, /`write`/u],
    [{ connectionString, table: 'a.b.c', toRow }, /`table`/u],
    [{ connectionString, table: 'x'.repeat(64), toRow }, /`table`/u],
    [{ connectionString, table: 't', toRow, marks: '' }, /`marks`/u],
    [{ connectionString, table: 't', toRow, name: '' }, /`name`/u],
    [{ connectionString, table: 't', toRow, capacity: 0 }, /`capacity`/u],
    [{ connectionString, table: 't', toRow, maxBatch: 1.5 }, /`maxBatch`/u],
    [{ connectionString, table: 't', toRow, timeout: 0 }, /`timeout`/u],
  ]
  for (const [options, message] of refusals) {
    const error = t.throws(() => postgresWriter(options as never), { code: 'ERR_INVALID_OPTION', message })
    t.notRegex(error?.message ?? '', /secret/u)
  }
  t.throws(() => postgresWriter(null as never), { code: 'ERR_INVALID_OPTION' })
})
