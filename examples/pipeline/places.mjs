// Where the events are: the journal in a folder, tables of PostgreSQL, or a stream of JetStream; and where the search index has its rows.
//   journal | postgres=postgres://user@host/database | jetstream=host:4222 (or nats://user:password@host:4222)
import { randomBytes } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { limit } from 'sluicegate/channel'
import { jetstreamLog, postgresLog, postgresWriter } from 'sluicegate/cluster'
import { fileJournal } from 'sluicegate/pipeline'

/** What every life of the process is told, so that it finds the same place again. */
export function placeFor(spec, folder) {
  const [kind, ...rest] = spec.split('=')
  const url = rest.join('=')
  if (kind !== 'journal' && !(['postgres', 'jetstream'].includes(kind) && url !== '')) {
    throw new Error(`--log takes journal, postgres=… or jetstream=…, not ${kind}`)
  }
  return { kind, url, folder, name: `changes_${randomBytes(4).toString('hex')}` }
}

/** The options of the pipeline, and the last event there is. */
export async function openEvents({ kind, url, folder, name }) {
  if (kind === 'journal') return { journal: await fileJournal(path.join(folder, 'journal')) }
  const log =
    kind === 'postgres'
      ? await postgresLog({ connectionString: url, table: `${name}.events` })
      : await jetstreamLog({ servers: url, stream: name })
  // An append of nothing tells where the log ends.
  return { log, last: await log.append([]) }
}

/** A writer that has each row once, whatever comes twice. */
export async function searchIndex({ kind, url, folder, name }) {
  if (kind !== 'postgres') return await rowsInFile(path.join(folder, 'search'))
  return postgresWriter({
    connectionString: url,
    table: `${name}.search`,
    marks: `${name}.marks`,
    toRow: ({ sequence, index, value }) => ({ place: `${sequence}.${index}`, words: value }),
  })
}

/** The places of all rows, in the order they were written. */
export async function searchRows({ kind, url, folder, name }) {
  if (kind === 'postgres') {
    const { rows } = await inPostgres(url, `SELECT place FROM ${name}.search ORDER BY id`)
    return rows.map(({ place }) => place)
  }
  const text = await readFile(path.join(folder, 'search'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map(line => line.split(' ')[0])
}

/** Before the first life, and after the last. */
export async function prepare({ kind, url, name }) {
  if (kind !== 'postgres') return
  await inPostgres(url, `CREATE SCHEMA ${name}; CREATE TABLE ${name}.search (id serial, place text, words text)`)
}

export async function clear({ kind, url, name }) {
  if (kind === 'postgres') await inPostgres(url, `DROP SCHEMA ${name} CASCADE`)
  if (kind === 'jetstream') await deleteStream(url, name)
}

/** Stores (sequence, index) with each row, and looks there first: what comes again after a crash changes nothing. */
async function rowsInFile(file) {
  const text = await readFile(file, 'utf8').catch(() => '')
  const known = new Set(text.split('\n').map(line => line.split(' ')[0]))
  // A writer is called again while it has places, so one that must write in order takes one batch after the other.
  const one = limit(1)
  const write = async ({ items }) => {
    const fresh = items.filter(({ sequence, index }) => !known.has(`${sequence}.${index}`))
    await appendFile(file, fresh.map(({ sequence, index, value }) => `${sequence}.${index} ${value}\n`).join(''))
    for (const { sequence, index } of fresh) known.add(`${sequence}.${index}`)
  }
  return {
    name: 'search',
    capacity: 64,
    write: batch => one(() => write(batch)),
    async [Symbol.asyncDispose]() {},
  }
}

async function inPostgres(connectionString, statements) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await client.query(statements)
  } finally {
    await client.end()
  }
}

async function deleteStream(servers, name) {
  const [{ connect }, { jetstreamManager }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
  ])
  const { host, username, password } = new URL(servers.includes('://') ? servers : `nats://${servers}`)
  const [user, pass] = [username, password].map(decodeURIComponent)
  const who = pass === '' ? (user === '' ? {} : { token: user }) : { user, pass }
  const connection = await connect({ servers: host, ...who })
  try {
    const { streams } = await jetstreamManager(connection)
    await streams.delete(name)
    await streams.delete(`${name}_cursors`)
  } finally {
    await connection.close()
  }
}
