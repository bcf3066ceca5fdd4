// Change events through a pipeline in a process that is killed twice on its way. In the end the search index has each row once, and the others
// have everything, in order, with a repeated part after each crash at the most.
//   node examples/pipeline/index.mjs                                              over the embedded journal
//   node examples/pipeline/index.mjs --log postgres=postgres://user@host/database
//   node examples/pipeline/index.mjs --log jetstream=127.0.0.1:4222
//   node examples/pipeline/index.mjs --start postgres                             or jetstream: a server for this one run
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spawn } from 'sluicegate/process'
import { clear, placeFor, prepare, searchRows } from './places.mjs'
import { startServer } from './servers.mjs'

const { values } = parseArgs({
  options: {
    log: { type: 'string', default: 'journal' },
    start: { type: 'string' },
    events: { type: 'string', default: '3000' },
  },
})
const COUNT = Number(values.events)
// With less it would be done before it is killed.
if (!Number.isSafeInteger(COUNT) || COUNT < 500) throw new Error('--events takes a whole number from 500 on')
const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-changes-'))
const changes = fileURLToPath(new URL('changes.mjs', import.meta.url))
let server
let place

try {
  server = values.start === undefined ? undefined : await startServer(values.start)
  place = placeFor(server?.log ?? values.log, folder)
  await prepare(place)
  for (const part of [0.2, 0.6, undefined]) await live(part && Math.ceil((COUNT * part) / 100) * 100)

  const lines = async name => (await readFile(path.join(folder, name), 'utf8')).trimEnd().split('\n')
  const ids = Array.from({ length: COUNT }, (_, i) => i + 1)
  check(
    'search: each row once, in order',
    await searchRows(place),
    ids.flatMap(id => [`${id}.0`, `${id}.1`]),
  )
  const notified = (await lines('notified')).map(Number)
  check(
    'notified: everything, in order',
    unique(notified),
    ids.filter(id => (id * 37) % 100 > 90),
  )
  const archived = (await lines('archive')).map(line => JSON.parse(line).id)
  check('archive: everything, in order', unique(archived), ids)
  console.log(
    `repeated after the crashes: ${notified.length - unique(notified).length} notices, ${archived.length - COUNT} of the archive`,
  )
} finally {
  if (place !== undefined) await clear(place).catch(error => console.error(`not cleared: ${error.message}`))
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
}

/** One life of the process, up to its crash if it has one. */
async function live(killedAt) {
  const child = await spawn(process.execPath, [changes, JSON.stringify(place), String(COUNT)], {
    stdout: 'pipe',
    stderr: 'inherit',
    reject: false,
  })
  for await (const line of child.stdout.lines()) {
    if (!line.startsWith('published')) console.log(line)
    if (killedAt !== undefined && line === `published ${killedAt}`) child.kill('SIGKILL')
  }
  const { exitCode, signal } = await child.exited
  if (exitCode !== null && exitCode !== 0) throw new Error(`the process ended with code ${exitCode}`)
  if (signal !== null) console.log(`killed after event ${killedAt}`)
}

function unique(values) {
  return [...new Set(values)]
}

function check(what, found, expected) {
  const isRight = found.length === expected.length && found.every((value, i) => value === expected[i])
  console.log(`${isRight ? 'ok ' : 'NOT'} ${what}`)
  if (!isRight) process.exitCode = 1
}
