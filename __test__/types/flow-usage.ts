// What users write about flows. It is compiled, never run: each line that must not compile says so.
import { createWriteStream } from 'node:fs'
import { batch, Channel, command, flow, merge, spawn, stream, type Flow } from '../../index.ts'

declare const urls: AsyncIterable<string>
declare function isText(value: unknown): value is string

export async function flows(): Promise<unknown[]> {
  await flow([1, 2, 3])
    .map(async x => x + 1, { concurrency: 4 })
    .filter(x => x > 1)
    .batch({ maxSize: 10 })
    .forEach(async xs => void xs.length)
  const ids = flow(stream('tail', ['-f', 'log']))
    .lines()
    .map(line => JSON.parse(line) as { id: number })
  for await (const event of ids) event.id.toFixed()
  const lines: string[] = await flow(stream('cat', ['a.jsonl']))
    .through(command('jq', ['-c', '.id']))
    .lines()
    .take(10)
    .toArray()
  const mixed = merge(new Channel<number>(1), new Channel<string>(1))
  for await (const value of mixed) void (value satisfies number | string)
  // @ts-expect-error objects have no lines
  flow([{ a: 1 }]).lines()
  // @ts-expect-error a child takes text and bytes
  flow([1]).through(command('cat'))
  return lines
}

export async function operators(): Promise<void> {
  const texts: Flow<string> = flow([1, 'a']).filter(isText)
  const fetched: Flow<number> = flow(urls, { name: 'fetch', signal: AbortSignal.timeout(1000) }).map(
    async (url, { signal }) => (signal.aborted ? 0 : url.length),
    { concurrency: 8, ordered: false, capacity: 100, retry: { attempts: 3 }, name: 'get' },
  )
  const flat: Flow<string> = texts.flatMap(text => text.split(' '), { concurrency: 2, ordered: false })
  const pages: Flow<number> = texts.flatMap(async function* (text) {
    yield text.length
  })
  // @ts-expect-error a string would mean its characters
  texts.flatMap(text => text)
  const [odd, even] = fetched.partition(2, value => value % 2) as [Flow<number>, Flow<number>]
  await Promise.all([odd.toArray(), even.forEach(value => void value.toFixed(), { concurrency: 2, timeout: 100 })])
  const total: number = await pages.reduce((sum, value) => sum + value, 0)
  await flat
    .buffer({ capacity: 10, overflow: 'drop-oldest' })
    .rate({ limit: 10, interval: 1000 })
    .to(createWriteStream('x'))
  await flow([1]).to(new Channel<number>(1), { preventClose: true })
  const child = await spawn('cat', [], { stdin: 'pipe' })
  await flow(['a']).to(child.stdin)
  // @ts-expect-error numbers are no bytes
  await flow([1]).to(child.stdin)
  for await (const some of batch(flow(urls), { maxSize: 10 })) some[0]?.length.toFixed(total)
  for (const branch of flow(urls)
    .tap(url => void url)
    .broadcast(3))
    for (const edge of branch.metrics()) edge.fillRatio.toFixed()
}
