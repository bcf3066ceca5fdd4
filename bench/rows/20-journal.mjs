// Durable appends with 64 that wait, against the bare disk (a write and an fdatasync for every 64 records, and nothing else) and against
// SQLite with a transaction for each event. On the disk that holds target/, for a memory file system would make every sync free.
import { closeSync, fdatasyncSync, mkdtempSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { peer } from '../harness/peers.mjs'

const WAITERS = 64
const payload = new Uint8Array(100).fill(7)
const home = fileURLToPath(new URL('../../target/bench-journal/', import.meta.url))

const side = open => ({
  open: async () => {
    mkdirSync(home, { recursive: true })
    const folder = mkdtempSync(home)
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    return await open(folder)
  },
  measure: async (isQuick, append) => {
    const until = performance.now() + (isQuick ? 300 : 1500)
    const began = performance.now()
    const count = await append(() => performance.now() < until)
    return { 'thousand appends/s': count / (performance.now() - began) }
  },
})

const journal = durability =>
  side(async folder => {
    const { fileJournal } = await import('sluicegate')
    const journal = await fileJournal(folder, { durability })
    let sequence = 0
    return async goesOn => {
      const before = sequence
      const waiter = async () => {
        while (goesOn()) await journal.append([{ kind: 'event', sequence: ++sequence, payload }])
      }
      await Promise.all(Array.from({ length: WAITERS }, waiter))
      await journal.compact(sequence)
      return sequence - before
    }
  })

export const row = {
  title: `Journal: ${WAITERS} that wait for the append of an event of 100 bytes`,
  sides: {
    synced: journal('synced'),
    written: journal('written'),
    'bare fdatasync': side(folder => {
      const record = Buffer.alloc((payload.length + 32) * WAITERS, 7)
      return goesOn => {
        const fd = openSync(path.join(folder, 'file'), 'w')
        let count = 0
        for (; goesOn(); count += WAITERS) {
          writeSync(fd, record)
          fdatasyncSync(fd)
        }
        closeSync(fd)
        return count
      }
    }),
    'better-sqlite3': side(async folder => {
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
    }),
  },
  claims: [
    { metric: 'thousand appends/s', side: 'synced', against: 'bare fdatasync', atLeast: 0.5 },
    { metric: 'thousand appends/s', side: 'synced', against: 'better-sqlite3', atLeast: 5 },
  ],
}
