// Durable appends with 64 that wait, against the bare disk (a write of the same bytes and an fdatasync for every 64 records, and nothing else)
// and against SQLite with a transaction for each event. A disk that others use changes its speed fiftyfold within seconds, so the three take turns
// of some milliseconds in one process; windows one after the other would compare the disk with itself.
// On the disk that holds target/, for a memory file system would make every sync free.
import { closeSync, fdatasyncSync, mkdtempSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { peer } from '../harness/peers.mjs'

const WAITERS = 64
const TURN_MS = 15
/** What a record of ours takes on the disk beside its payload. */
const RECORD_BYTES = 32
const payload = new Uint8Array(100).fill(7)
const home = fileURLToPath(new URL('../../target/bench-journal/', import.meta.url))

async function journal(folder, durability) {
  const { fileJournal } = await import('sluicegate')
  const opened = await fileJournal(path.join(folder, durability), { durability })
  let sequence = 0
  return async goesOn => {
    const before = sequence
    const waiter = async () => {
      while (goesOn()) await opened.append([{ kind: 'event', sequence: ++sequence, payload }])
    }
    await Promise.all(Array.from({ length: WAITERS }, waiter))
    return sequence - before
  }
}

function bare(folder) {
  const records = Buffer.alloc((payload.length + RECORD_BYTES) * WAITERS, 7)
  const fd = openSync(path.join(folder, 'bare'), 'w')
  process.on('exit', () => closeSync(fd))
  return goesOn => {
    let count = 0
    for (; goesOn(); count += WAITERS) {
      writeSync(fd, records)
      fdatasyncSync(fd)
    }
    return count
  }
}

async function sqlite(folder) {
  const { default: Database } = await peer('better-sqlite3')
  const database = new Database(path.join(folder, 'events.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE event (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL)')
  const insert = database.prepare('INSERT INTO event (payload) VALUES (?)')
  return goesOn => {
    let count = 0
    for (; goesOn(); count++) insert.run(payload)
    return count
  }
}

async function open() {
  mkdirSync(home, { recursive: true })
  const folder = mkdtempSync(home)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return {
    synced: await journal(folder, 'synced'),
    'bare fdatasync': bare(folder),
    'better-sqlite3': await sqlite(folder),
    written: await journal(folder, 'written'),
  }
}

async function measure(isQuick, contenders) {
  const spent = Object.entries(contenders).map(([name, append]) => ({ name, append, count: 0, ms: 0 }))
  for (let turn = 0; turn < (isQuick ? 20 : 60); turn++) {
    for (const contender of turn % 2 === 0 ? spent : spent.toReversed()) {
      const began = performance.now()
      contender.count += await contender.append(() => performance.now() - began < TURN_MS)
      contender.ms += performance.now() - began
    }
  }
  return Object.fromEntries(spent.map(({ name, count, ms }) => [metric(name), count / ms]))
}

function metric(name) {
  return `${name}, thousand/s`
}

const against = name => ({
  metric: metric('synced'),
  side: 'in turns',
  against: { side: 'in turns', metric: metric(name) },
})

export const row = {
  title: `Journal: ${WAITERS} that wait for the append of an event of 100 bytes`,
  rounds: 15,
  sides: { 'in turns': { open, measure } },
  claims: [
    { ...against('bare fdatasync'), atLeast: 0.5 },
    // The floor can't be beaten by who syncs: above this the measurement is wrong, and so is the line before it.
    { ...against('bare fdatasync'), atMost: 1.1 },
    { ...against('better-sqlite3'), atLeast: 5 },
  ],
}
