// The process that is killed: change events go to a search index, to subscribers and into an archive, each at its own speed.
//   node changes.mjs FOLDER COUNT
import { appendFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { limit } from 'sluicegate/channel'
import { EventPipeline, fileJournal, fileWriter } from 'sluicegate/pipeline'

const [, , folder, count] = process.argv
const at = name => path.join(folder, name)

// A writer is called again while it has places, so one that must write in order takes one batch after the other.
const inTurn = write => {
  const one = limit(1)
  return batch => one(() => write(batch))
}

/** Stores (sequence, index) with each row, and looks there first: what comes again after a crash changes nothing. */
async function searchIndex(file) {
  const text = await readFile(file, 'utf8').catch(() => '')
  const known = new Set(text.split('\n').map(line => line.split(' ')[0]))
  return {
    name: 'search',
    capacity: 64,
    write: inTurn(async ({ items }) => {
      const fresh = items.filter(({ sequence, index }) => !known.has(`${sequence}.${index}`))
      await appendFile(file, fresh.map(({ sequence, index, value }) => `${sequence}.${index} ${value}\n`).join(''))
      for (const { sequence, index } of fresh) known.add(`${sequence}.${index}`)
    }),
  }
}

/** Tells one subscriber after the other, and is in no hurry. */
const notifier = {
  name: 'subscribers',
  capacity: 16,
  maxBatch: 4,
  write: inTurn(async ({ items }) => {
    await new Promise(resolve => void setTimeout(resolve, 2))
    await appendFile(at('notified'), items.map(({ sequence }) => `${sequence}\n`).join(''))
  }),
}

const pipeline = await EventPipeline.open({ name: 'changes', journal: await fileJournal(at('journal')), ring: 256 })
const archive = fileWriter(at('archive'), { maxBatch: 100 })
const processors = [
  // Two words of each change are to be found.
  await pipeline.addProcessor({
    name: 'index',
    *process({ data }) {
      yield `product ${data.id}`
      yield `price ${data.price}`
    },
    writer: await searchIndex(at('search')),
  }),
  await pipeline.addProcessor({
    name: 'notify',
    interest: ({ data }) => data.price > 90,
    process: ({ data }) => [data.id],
    writer: notifier,
    retry: { attempts: 5 },
  }),
  await pipeline.addProcessor({ name: 'archive', process: ({ data }) => [data], writer: archive }),
]
console.log('resumed', ...processors.map(({ name, published }) => `${name}=${published}`))

for (let id = pipeline.metrics().last + 1; id <= Number(count); id++) {
  await pipeline.publish({ id, price: (id * 37) % 100 })
  if (id % 100 === 0) console.log('published', id)
}
await pipeline.close()
await archive[Symbol.asyncDispose]()
console.log('done')
