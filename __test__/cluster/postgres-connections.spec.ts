// What is the PostgreSQL log's own: its tables, the rights it needs, its connections, and what becomes of calls when these are lost. Only where there is a server.
import anyTest from 'ava'
import pg from 'pg'
import { inspect } from 'node:util'
import { SluiceError, type EventLog } from '../../index.ts'
import { postgresLog } from '../../src/cluster/index.ts'
import { onPostgres, Postgres } from '../helpers/postgres.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Wire } from '../helpers/wire.ts'
import { freshName, rowsOf } from './tables.ts'

const test = onPostgres(anyTest)
let postgres: Postgres
test.before(async () => void (postgres = await Postgres.start({ tcp: true })))
test.after.always(async () => await postgres?.[Symbol.asyncDispose]())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)

async function open(table: string, connectionString = postgres.connectionString()): Promise<EventLog> {
  return await postgresLog({ connectionString, table })
}

/** One of the clients, in turns. */
function picked(logs: readonly EventLog[], n: number): EventLog {
  const log = logs[n % logs.length]
  if (log === undefined) throw new Error('there are no clients')
  return log
}

/** A session that only this log has. */
function marked(name: string, port?: number): string {
  return `${postgres.connectionString(port)}?application_name=${name}`
}

async function sessions(name: string): Promise<number> {
  const count = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${name}'`
  return Number((await postgres.psql(count).run()).stdout)
}

async function texts(log: EventLog, count: number): Promise<string[]> {
  const found: string[] = []
  for await (const { payload } of log.read(1, { timeout: 20_000 })) {
    found.push(new TextDecoder().decode(payload))
    if (found.length === count) break
  }
  return found
}

test('a database holds several logs, in any schema, under any name; an opened one stays where it was', async t => {
  await postgres.psql('CREATE SCHEMA "My logs"').run()
  const names = ['My logs.Ev"ents', 'Ev"ents', `x${'y'.repeat(54)}`]
  for (const [i, name] of names.entries()) {
    await using log = await open(name)
    t.is(await log.append(numbers(i + 1).map(n => bytes(`${i}/${n}`))), i + 1)
  }
  for (const [i, name] of names.entries()) {
    await using log = await open(name)
    t.deepEqual(
      await texts(log, i + 1),
      numbers(i + 1).map(n => `${i}/${n}`),
    )
  }
  for (const wrong of ['', 'a.', '.a', 'a.b.c', 'y'.repeat(56), 'a\0', 7]) {
    await t.throwsAsync(open(wrong as string), { code: 'ERR_INVALID_OPTION', message: /`table`/u })
  }
  await t.throwsAsync(postgresLog({ connectionString: '' }), { code: 'ERR_INVALID_OPTION' })
  await t.throwsAsync(postgresLog(null as never), { code: 'ERR_INVALID_OPTION' })
})

test('clients that open a log at once make its tables once; a role without the right to make any uses them', async t => {
  const table = freshName()
  const logs = await Promise.all(numbers(6).map(() => open(table)))
  for (const log of logs) await log[Symbol.asyncDispose]()
  await postgres
    .psql(
      `CREATE ROLE ${table} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT, INSERT ON ${table} TO ${table};
      GRANT SELECT, UPDATE ON ${table}_head TO ${table}; GRANT SELECT, INSERT, UPDATE ON ${table}_cursors TO ${table}`,
    )
    .run()
  const humble = postgres.connectionString().replace('tester', table)
  await using log = await open(table, humble)
  t.is(await log.append([bytes('a')]), 1)
  t.deepEqual(await texts(log, 1), ['a'])
  await log.commit('p', 1, await log.acquire('p'))
  t.deepEqual(await log.cursor('p'), { sequence: 1, epoch: 1 })
  await t.throwsAsync(open(`${table}_new`, humble), { code: 'EACCES', message: /permission denied/u })
})

test('a log whose opening fails leaves no connection', async t => {
  const [name, table] = [freshName(), freshName()]
  await postgres.psql(`CREATE TABLE ${table}_head (other text)`).run()
  await t.throwsAsync(open(table, marked(name)), { code: 'EPROTO', message: /"last"/u })
  await waitFor(async () => (await sessions(name)) === 0, { deadline: 10_000 })
  await t.throwsAsync(open(table, marked(name).replace('/postgres?', '/nowhere?')), { code: 'ENOENT' })
})

test('a connection string that can not be used is told without showing its password', async t => {
  const at = `127.0.0.1:${postgres.port}`
  const refusals: [string, string][] = [
    ['postgres://tester:hidden@[/postgres', 'ERR_INVALID_OPTION'],
    ['postgres://tester:hidden@127.0.0.1:99999/postgres', 'ERR_INVALID_OPTION'],
    [`postgres://tester:hidden@${at}/postgres?sslrootcert=/nowhere`, 'ENOENT'],
    [`postgres://nobody:hidden@${at}/postgres`, 'EACCES'],
  ]
  for (const [connectionString, code] of refusals) {
    const error = await t.throwsAsync(postgresLog({ connectionString }), { instanceOf: SluiceError, code })
    t.notRegex(inspect(error, { depth: Infinity }), /hidden/u)
  }
})

test('what the server refuses is an error of ours, with its own as the cause', async t => {
  const table = freshName()
  await using log = await open(table)
  await log.append([bytes('a')])
  await postgres.psql(`DROP TABLE ${table}, ${table}_head, ${table}_cursors`).run()
  const calls = [() => log.append([bytes('b')]), () => texts(log, 1), () => log.cursor('p'), () => log.acquire('p')]
  for (const call of calls) {
    const error = await t.throwsAsync(call, { instanceOf: SluiceError, code: 'ENOENT', message: /does not exist/u })
    t.is((error?.cause as { code?: string } | undefined)?.code, '42P01')
  }
})

test('it has three connections at the most, and after disposal none', async t => {
  const table = freshName()
  const log = await open(table, marked(table))
  const readers = numbers(5).map(() => texts(log, 20))
  const appends = numbers(20).map(n => log.append([bytes(`${n}`)]))
  const cursors = numbers(5).map(n => log.acquire(`p${n}`))
  await Promise.all([...readers, ...appends, ...cursors])
  t.is(await sessions(table), 3)
  await log[Symbol.asyncDispose]()
  await waitFor(async () => (await sessions(table)) === 0, { deadline: 10_000 })
})

test('appends at once do not fail whatever isolation the role has by default', async t => {
  const table = freshName()
  await postgres
    .psql(
      `CREATE ROLE ${table} SUPERUSER LOGIN; ALTER ROLE ${table} SET default_transaction_isolation = 'serializable'`,
    )
    .run()
  const logs = await Promise.all(
    numbers(3).map(() => open(table, postgres.connectionString().replace('tester', table))),
  )
  const all = await Promise.all(numbers(60).map(n => picked(logs, n).append([bytes(`${n}`)])))
  t.deepEqual(
    [...all].sort((a, b) => a - b),
    numbers(60),
  )
  for (const log of logs) await log[Symbol.asyncDispose]()
})

test('who reads never sees an event before the one it follows, and misses none, however many append', async t => {
  const table = freshName()
  const logs = await Promise.all(numbers(4).map(() => open(table)))
  const total = 400
  const reading = numbers(3).map(n => texts(picked(logs, n), total))
  const ends = await Promise.all(numbers(total).map(n => picked(logs, n).append([bytes(`${n}`)])))
  const inOrder = numbers(total).map(sequence => `${ends.indexOf(sequence) + 1}`)
  for (const found of await Promise.all(reading)) t.deepEqual(found, inOrder)
  for (const log of logs) await log[Symbol.asyncDispose]()
})

test('an append whose answer is lost says that nobody knows, and with expectedSequence it can be tried again', async t => {
  const table = freshName()
  await using wire = await Wire.to(postgres.port)
  await using log = await open(table, marked(table, wire.port))
  await log.append([bytes('a')])
  // It is under way in the server while somebody holds the head.
  const holder = new pg.Client({ connectionString: postgres.connectionString() })
  await holder.connect()
  await holder.query(`BEGIN; SELECT * FROM ${table}_head FOR UPDATE`)
  const lost = log.append([bytes('b')], { expectedSequence: 1 })
  const isWaiting = `SELECT count(*) FROM pg_stat_activity WHERE application_name = '${table}' AND wait_event_type = 'Lock'`
  await waitFor(async () => (await postgres.psql(isWaiting).run()).stdout === '1', { deadline: 10_000 })
  wire.cut()
  const error = await t.throwsAsync(lost, { message: /nobody knows whether they are there/u })
  t.regex(String((error as { code?: string } | undefined)?.code), /^E[A-Z]+$/u)
  wire.mend()
  await holder.query('COMMIT')
  await holder.end()
  await waitFor(async () => (await rowsOf(postgres, table, 'sequence')).length === 2, { deadline: 10_000 })
  await t.throwsAsync(log.append([bytes('b')], { expectedSequence: 1 }), { code: 'ERR_SEQUENCE_FENCED' })
  t.deepEqual(await texts(log, 2), ['a', 'b'])
})

test('a restart of the server: reads go on by themselves, other calls reject once and then find the new one', async t => {
  await using own = await Postgres.start({ tcp: true })
  await using log = await open('events', own.connectionString())
  await log.append([bytes('a')])
  const epoch = await log.acquire('p')
  const reading = texts(log, 3)
  // It has looked behind the first event in vain, and waits.
  const waits = `SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE 'COPY%>= 2%'`
  await waitFor(async () => (await own.psql(waits).run()).stdout === '1', { deadline: 10_000 })
  await own.pause()
  const down = { code: /^E[A-Z]+$/u }
  for (const call of [() => log.append([bytes('lost')]), () => log.commit('p', 1, epoch)]) {
    const error = await t.throwsAsync(call)
    t.regex(String((error as { code?: string } | undefined)?.code), down.code)
  }
  await own.resume()
  t.is(await log.append([bytes('b'), bytes('c')]), 3)
  await log.commit('p', 3, epoch)
  t.deepEqual(await reading, ['a', 'b', 'c'])
  t.deepEqual(await log.cursor('p'), { sequence: 3, epoch })
})

test('a notification that comes between a look and its answer wakes the reader all the same', async t => {
  const table = freshName()
  const logs = await Promise.all([open(table), open(table)])
  const [near, far] = logs
  const reader = near.read(1, { timeout: 20_000 })[Symbol.asyncIterator]()
  for (const sequence of numbers(300)) {
    const next = reader.next()
    void far.append([bytes(`${sequence}`)])
    t.is((await next).value?.sequence, sequence)
  }
  for (const log of logs) await log[Symbol.asyncDispose]()
})
