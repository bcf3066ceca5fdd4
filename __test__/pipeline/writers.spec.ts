// Files and children as writers.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import anyTest, { type ExecutionContext } from 'ava'
import { childWriter, EventPipeline, fileWriter, run, spawn, type WriteItem } from '../../index.ts'
import { OpenFile } from '../../src/pipeline/open-file.ts'
import { withCensus } from '../helpers/census.ts'
import { ownDescriptors } from '../helpers/processes.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const same = ({ data }: { data: number }): number[] => [data]

async function scratch(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-pipeline-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return path.join(folder, randomUUID())
}

test('a file gets every output once and in order, behind what it had', async t => {
  const file = await scratch(t)
  await writeFile(file, '"old"\n')
  await using writer = fileWriter<number>(file, { sync: true, maxBatch: 7 })
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(100)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 10_000 })
  t.is(await readFile(file, 'utf8'), `"old"\n${numbers(100).join('\n')}\n`)
})

test('a file is encoded as said, and two processors share it in whole batches', async t => {
  const file = await scratch(t)
  const encode = ({ sequence, value }: WriteItem<number>, processor: string): Uint8Array =>
    Buffer.from(`${processor} ${sequence} ${value}\n`)
  await using writer = fileWriter<number>(file, { encode })
  await using pipeline = await EventPipeline.open<number>()
  const one = await pipeline.addProcessor({ name: 'one', process: same, writer })
  const two = await pipeline.addProcessor<number>({ name: 'two', process: ({ data }) => [-data], writer })
  for (const n of numbers(20)) await pipeline.publish(n)
  await one.caughtUp({ timeout: 10_000 })
  await two.caughtUp({ timeout: 10_000 })
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const of = (name: string): string[] => lines.filter(line => line.startsWith(name))
  t.deepEqual(
    of('one'),
    numbers(20).map(n => `one ${n} ${n}`),
  )
  t.deepEqual(
    of('two'),
    numbers(20).map(n => `two ${n} ${-n}`),
  )
})

test('a file that can not be opened halts its processor, with the reason', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<number>(path.join(file, 'in', 'no', 'folder'))
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { code: 'ENOENT' })
  await processor.remove()
})

test('a full disk halts the processor, with the reason', async t => {
  await using writer = fileWriter<number>('/dev/full')
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { code: 'ENOSPC' })
  await processor.remove()
})

test("a child's pipe is the credit: a child that does not read holds back its processor, and no other", async t => {
  await using child = await spawn('cat', [], { stdin: 'pipe', stdout: 'pipe' })
  await using pipeline = await EventPipeline.open<number>({ ring: 256 })
  const line = 'x'.repeat(4095)
  const slow = await pipeline.addProcessor<string>({
    name: 'slow',
    process: () => [line],
    writer: childWriter<string>(child, { capacity: 8, encode: ({ value }) => `${value}\n` }),
  })
  const written: number[] = []
  const fast = await pipeline.addProcessor<number>({
    name: 'fast',
    process: same,
    writer: {
      name: 'fast',
      capacity: 8,
      write: async ({ items }) => void written.push(...items.map(({ value }) => value)),
    },
  })
  for (const n of numbers(256)) await pipeline.publish(n)
  await fast.caughtUp({ timeout: 10_000 })
  t.is(written.length, 256)
  // Two pipes of 64 KiB, and what is under way, are all there is room for.
  await turns(20)
  t.true(slow.published < 100, `${slow.published}`)
  const text = child.stdout.text()
  await slow.caughtUp({ timeout: 20_000 })
  await child.stdin.end()
  t.is((await text).length, 256 * 4096)
})

test('what is written to a child that is gone is refused', async t => {
  await using child = await spawn('true', [], { stdin: 'pipe' })
  await child.exited
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer: childWriter<number>(child) })
  await pipeline.publish(1)
  await t.throwsAsync(processor.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  await processor.remove()
})

test('a bad option of a writer is an error that names it', t => {
  t.throws(() => childWriter({} as never), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter(1 as never), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter('x', { sync: 1 as never }), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter('x', { capacity: 0 }), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter('x', { encode: 1 as never }), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter('x', null as never), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => fileWriter('x\0y'), { code: 'ERR_INVALID_OPTION' })
})

test('a write that fails refuses what was handed over behind it, so the order stays', async t => {
  const file = await scratch(t)
  let isBroken = true
  await using writer = fileWriter<number>(file, {
    maxBatch: 1,
    encode: ({ value }) => {
      if (value === 2 && isBroken) {
        isBroken = false
        // Refused by write(2) itself.
        return { length: 1 } as never
      }
      return `${value}\n`
    },
  })
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({
    name: 'p',
    process: same,
    retry: { attempts: 3, initial: 0, jitter: false },
    writer,
  })
  for (const n of numbers(6)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 10_000 })
  await waitFor(async () => (await readFile(file, 'utf8')).includes('6'))
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').map(Number)
  t.deepEqual([...new Set(lines)], numbers(6))
})

test('an output that can not be encoded fails its own processor: another one that shares the file neither waits nor fails', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<bigint | number>(file, { maxBatch: 1 })
  await using pipeline = await EventPipeline.open<number>()
  const bad = await pipeline.addProcessor<bigint | number>({
    name: 'bad',
    process: ({ data }) => [data === 5 ? 5n : data],
    writer,
  })
  const good = await pipeline.addProcessor<bigint | number>({ name: 'good', process: ({ data }) => [-data], writer })
  for (const processor of [bad, good]) processor.pause()
  for (const n of numbers(10)) await pipeline.publish(n)
  for (const processor of [bad, good]) processor.resume()
  const error = await t.throwsAsync(bad.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  t.regex(error?.message ?? '', /BigInt/u)
  await good.caughtUp({ timeout: 10_000 })
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').map(Number)
  t.deepEqual(
    lines.filter(line => line < 0),
    numbers(10).map(n => -n),
  )
  t.deepEqual(
    lines.filter(line => line > 0),
    numbers(4),
  )
  await bad.remove()
})

test('a rewind of one processor refuses nothing of another one that shares the file', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<number>(file, { maxBatch: 1 })
  await using pipeline = await EventPipeline.open<number>()
  const one = await pipeline.addProcessor<number>({ name: 'one', process: same, writer })
  const two = await pipeline.addProcessor<number>({ name: 'two', process: ({ data }) => [-data], writer })
  for (const n of numbers(50)) await pipeline.publish(n)
  await one.rewind(1)
  await one.caughtUp({ timeout: 10_000 })
  await two.caughtUp({ timeout: 10_000 })
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').map(Number)
  t.deepEqual(
    lines.filter(line => line < 0),
    numbers(50).map(n => -n),
  )
  t.deepEqual(lines.filter(line => line > 0).slice(-50), numbers(50))
})

test('a file that was moved away is made anew, and one that others have cut is appended to', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<number>(file, { sync: true })
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  const written = async (n: number): Promise<void> => {
    await pipeline.publish(n)
    await processor.caughtUp({ timeout: 10_000 })
  }
  await written(1)
  await rename(file, `${file}.old`)
  await written(2)
  await written(3)
  t.is(await readFile(`${file}.old`, 'utf8'), '1\n')
  t.is(await readFile(file, 'utf8'), '2\n3\n')
  await truncate(file)
  await written(4)
  t.is(await readFile(file, 'utf8'), '4\n')
})

test('a batch that fails takes only its own bytes back, not those that others have put there', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<string>(file)
  await using pipeline = await EventPipeline.open<string>()
  const processor = await pipeline.addProcessor({ name: 'p', process: ({ data }) => [data], writer })
  await pipeline.publish('first')
  await processor.caughtUp({ timeout: 10_000 })
  await writeFile(file, 'of others\n')
  const repair = breakWrites(`"${file}"`)
  await pipeline.publish(file)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { message: 'half of it is written' })
  t.is(await readFile(file, 'utf8'), 'of others\n')
  repair()
  processor.resume()
  await processor.caughtUp({ timeout: 10_000 })
  t.is(await readFile(file, 'utf8'), `of others\n"${file}"\n`)
})

test('an output that can not be encoded is refused alone, at its first try too: those beside it are written', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<bigint | number>(file)
  const chunks: string[] = []
  const child = { stdin: { write: async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk).toString()) } }
  await using pipeline = await EventPipeline.open<number>()
  const letters: string[] = []
  for (const into of [writer, childWriter<bigint | number>(child)]) {
    const processor = await pipeline.addProcessor<bigint | number>({
      name: into.name,
      process: ({ data }) => [data === 5 ? 5n : data],
      writer: into,
      onExhausted: 'dead-letter',
      deadLetter: ({ sequence, items }) => void letters.push(`${into.name} ${sequence} ${items.join()}`),
    })
    processor.pause()
    for (const n of numbers(into === writer ? 10 : 0)) await pipeline.publish(n)
    processor.resume()
    await processor.caughtUp({ timeout: 10_000 })
  }
  const rest = '1\n2\n3\n4\n6\n7\n8\n9\n10\n'
  t.is(await readFile(file, 'utf8'), rest)
  t.is(chunks.join(''), rest)
  t.deepEqual(letters, ['file 5 5', 'child 5 5'])
})

test('what is no text and no bytes can not be written, and the reason says so', async t => {
  const file = await scratch(t)
  await using writer = fileWriter<number>(file, { encode: () => undefined as never })
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  await pipeline.publish(1)
  const error = await t.throwsAsync(processor.caughtUp({ timeout: 10_000 }), { code: 'ERR_NACK' })
  t.like(error?.cause, { code: 'ERR_INVALID_OPTION' })
  await processor.remove()
})

test('a line that a crash has cut does not swallow the next one', async t => {
  const file = await scratch(t)
  await writeFile(file, '1\n{"to')
  await using writer = fileWriter<number>(file)
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(3)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 10_000 })
  t.is(await readFile(file, 'utf8'), '1\n{"to\n1\n2\n3\n')
})

test('a file that is encoded by the program is continued where it ends', async t => {
  const file = await scratch(t)
  await writeFile(file, 'a')
  await using writer = fileWriter<number>(file, { encode: ({ value }) => `${value};` })
  await using pipeline = await EventPipeline.open<number>()
  const processor = await pipeline.addProcessor({ name: 'p', process: same, writer })
  for (const n of numbers(3)) await pipeline.publish(n)
  await processor.caughtUp({ timeout: 10_000 })
  t.is(await readFile(file, 'utf8'), 'a1;2;3;')
})

test('the file of a writer that nobody has any more is closed without a word', async t => {
  const file = await scratch(t)
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  await (async () => {
    await using pipeline = await EventPipeline.open<number>()
    await pipeline.addProcessor({ name: 'p', process: same, writer: fileWriter(file) })
    await pipeline.publish(1)
  })()
  await waitFor(
    () => {
      collectGarbage()
      return ![...ownDescriptors().values()].includes(file)
    },
    { deadline: 20_000 },
  )
  await turns(3)
  t.is(await readFile(file, 'utf8'), '1\n')
  t.deepEqual(warnings, [])
})

/** From now on a write of that text fails half way. */
function breakWrites(text: string): () => void {
  const { prototype } = OpenFile
  const append = Reflect.get(prototype, 'append')
  async function broken(this: OpenFile, bytes: Uint8Array): Promise<void> {
    if (!Buffer.from(bytes).toString().startsWith(text)) return await append.call(this, bytes)
    await append.call(this, bytes.subarray(0, Math.ceil(bytes.length / 2)))
    throw new Error('half of it is written')
  }
  Object.assign(prototype, { append: broken })
  return () => void Object.assign(prototype, { append })
}
