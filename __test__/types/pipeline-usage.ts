// What users write about pipelines. It is compiled, never run: each line that must not compile says so.
import {
  childWriter,
  EventPipeline,
  fileJournal,
  fileWriter,
  spawn,
  type Processor,
  type Writer,
  type WriterLink,
} from '../../index.ts'

interface Change {
  readonly id: number
}

export async function pipelines(): Promise<unknown[]> {
  const pipeline = await EventPipeline.open<Change>({ journal: await fileJournal('./journal'), ring: 1024 })
  const index: Processor = await pipeline.addProcessor({
    name: 'index',
    interest: event => event.data.id > 0,
    process: async function* (event) {
      yield event.data.id
    },
    writer: {
      name: 'search',
      capacity: 64,
      async write(batch, link) {
        batch.items[0]?.value.toFixed()
        link.grant(1)
      },
    },
  })
  const sequence: number = await pipeline.publish({ id: 1 }, { timeout: 100 })
  await index.caughtUp({ timeout: 1000 })
  const { lag } = pipeline.metrics().processors['index'] ?? {}
  const plain = await EventPipeline.open()
  await plain.publish('anything')
  // @ts-expect-error it takes changes
  await pipeline.publish(1)
  // @ts-expect-error it is opened, not made
  void new EventPipeline()
  // @ts-expect-error published is told
  index.published = 1
  return [sequence, lag]
}

export async function writers(pipeline: EventPipeline<Change>, link: WriterLink): Promise<void> {
  const nacking: Writer<string> = {
    name: 'n',
    capacity: 1,
    write: async ({ items }) => ({ sequence: items[0]?.sequence ?? 0, index: 0, retryAfter: 10, fatal: false }),
    reset: async (epoch, from) => void [epoch.toFixed(), from.toFixed()],
  }
  pipeline.addWriter(nacking)
  const process = ({ data }: { data: Change }): string[] => [String(data.id)]
  await pipeline.addProcessor({ name: 'a', process, writer: nacking, ack: 'manual', ackTimeout: 10 })
  await pipeline.addProcessor({ name: 'b', process, writer: 'n', retry: { attempts: 3 }, lookahead: { items: 8 } })
  await pipeline.addProcessor({
    name: 'c',
    process,
    writer: childWriter<string>(await spawn('cat', [], { stdin: 'pipe' }), { encode: ({ value }) => value }),
    onExhausted: 'dead-letter',
    deadLetter: ({ items }) => void items[0]?.length,
  })
  await using file = fileWriter<string>('./x', { sync: true })
  await pipeline.addProcessor({ name: 'd', process, writer: file })
  link.ack(1)
  // @ts-expect-error an output has a sequence
  link.nack({ index: 1 })
  // @ts-expect-error a string would mean its characters
  await pipeline.addProcessor({ name: 'e', process: () => 'text', writer: nacking })
  // @ts-expect-error numbers are no strings
  await pipeline.addProcessor({ name: 'f', process: () => [1], writer: nacking })
}
