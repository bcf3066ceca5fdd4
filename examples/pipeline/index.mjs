// `node examples/pipeline/index.mjs`: change events through a pipeline over the embedded journal, in a process that is killed twice on its way.
// In the end the search index has each row once, and the others have everything, in order, with a repeated part after each crash at the most.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'sluicegate/process'

const COUNT = 3000
const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-changes-'))
const changes = fileURLToPath(new URL('changes.mjs', import.meta.url))

try {
  for (const killedAt of [700, 1900, undefined]) {
    const child = await spawn(process.execPath, [changes, folder, String(COUNT)], {
      stdout: 'pipe',
      stderr: 'inherit',
      reject: false,
    })
    for await (const line of child.stdout.lines()) {
      if (!line.startsWith('published')) console.log(line)
      if (killedAt !== undefined && line === `published ${killedAt}`) child.kill('SIGKILL')
    }
    const { signal } = await child.exited
    if (signal !== null) console.log(`killed after event ${killedAt}`)
  }

  const lines = async name => (await readFile(path.join(folder, name), 'utf8')).trimEnd().split('\n')
  const ids = Array.from({ length: COUNT }, (_, i) => i + 1)
  const places = (await lines('search')).map(line => line.split(' ')[0])
  check(
    'search: each row once, in order',
    places,
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
  await rm(folder, { recursive: true, force: true })
}

function unique(values) {
  return [...new Set(values)]
}

function check(what, found, expected) {
  const isRight = found.length === expected.length && found.every((value, i) => value === expected[i])
  console.log(`${isRight ? 'ok ' : 'NOT'} ${what}`)
  if (!isRight) process.exitCode = 1
}
