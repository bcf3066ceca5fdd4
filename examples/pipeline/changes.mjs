// The process that is killed: change events go to a search index, to subscribers and into an archive, each at its own speed.
//   node changes.mjs PLACE COUNT, where PLACE is what placeFor() gave, as JSON
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { limit } from 'sluicegate/channel'
import { EventPipeline, fileWriter } from 'sluicegate/pipeline'
import { openEvents, searchIndex } from './places.mjs'

const [, , json, count] = process.argv
const place = JSON.parse(json)
const at = name => path.join(place.folder, name)

/** Tells one subscriber after the other, and is in no hurry. It takes one batch at a time, so that the order stays. */
const one = limit(1)
const notifier = {
  name: 'subscribers',
  capacity: 16,
  maxBatch: 4,
  write: ({ items }) =>
    one(async () => {
      await new Promise(resolve => void setTimeout(resolve, 2))
      await appendFile(at('notified'), items.map(({ sequence }) => `${sequence}\n`).join(''))
    }),
}

const { last: logged, ...events } = await openEvents(place)
const pipeline = await EventPipeline.open({ name: 'changes', ...events, ring: 256 })
const archive = fileWriter(at('archive'), { maxBatch: 100 })
const search = await searchIndex(place)
const processors = [
  // Two words of each change are to be found.
  await pipeline.addProcessor({
    name: 'index',
    *process({ data }) {
      yield `product ${data.id}`
      yield `price ${data.price}`
    },
    writer: search,
    retry: { attempts: 5 },
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

// Some at once, so that they are kept by one sync of the disk.
for (let id = (logged ?? pipeline.metrics().last) + 1; id <= Number(count);) {
  const together = []
  do together.push(pipeline.publish({ id, price: (id * 37) % 100 }))
  while (id++ % 20 !== 0 && id <= Number(count))
  await Promise.all(together)
  if (id % 100 === 1) console.log('published', id - 1)
}
for (const processor of processors) await processor.caughtUp()
await pipeline.close()
await archive[Symbol.asyncDispose]()
await search[Symbol.asyncDispose]()
console.log('done')
