import anyTest from 'ava'
import fc from 'fast-check'
import { run, spawn, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream } from '../helpers/known-stream.ts'
import { flood, trickle } from '../helpers/programs.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** One way to take bytes: what it got goes to the stream; true at the end. */
type Step = (reader: ByteReader, known: KnownStream) => Promise<boolean>

const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 200_000 }))

function take(known: KnownStream, chunk: Uint8Array | null | undefined): boolean {
  if (chunk) known.push(chunk)
  return chunk === null
}

/** A given-up operation took nothing. */
async function givenUp(promise: Promise<Uint8Array | null>): Promise<Uint8Array | null | undefined> {
  return await promise.catch((error: { code?: string }) => {
    if (error.code === 'ERR_TIMEOUT' || error.code === 'ABORT_ERR' || error.code === 'ERR_READER_CLOSED')
      return undefined
    throw error
  })
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  size.map(
    (maxBytes): Step =>
      async (reader, known) =>
        take(known, await reader.read({ maxBytes })),
  ),
  size.map(
    (maxBytes): Step =>
      async (reader, known) =>
        take(known, reader.tryRead({ maxBytes })),
  ),
  size.map((length): Step => async (reader, known) => {
    const buffer = new Uint8Array(length)
    const count = await reader.readInto(buffer)
    return take(known, count === 0 ? null : buffer.subarray(0, count))
  }),
  size.map(
    (length): Step =>
      async (reader, known) =>
        take(known, await givenUp(reader.readExactly(length))),
  ),
  fc.record({ maxBytes: size, timeout: fc.integer({ min: 0, max: 2 }) }).map(
    (options): Step =>
      async (reader, known) =>
        take(known, await givenUp(reader.read(options))),
  ),
  fc
    .record({ length: size, after: fc.integer({ min: 0, max: 3 }) })
    .map(({ length, after }): Step => async (reader, known) => {
      const controller = new AbortController()
      const read = givenUp(reader.readExactly(length, { signal: controller.signal }))
      await turns(after)
      controller.abort()
      return take(known, await read)
    }),
  fc.integer({ min: 1, max: 3 }).map((count): Step => async (reader, known) => {
    let left = count
    for await (const chunk of reader) {
      known.push(chunk)
      if (--left === 0) return false
    }
    return true
  }),
  fc.integer({ min: 1, max: 3 }).map((count): Step => async (reader, known) => {
    let left = count
    for await (const chunk of reader.readable()) {
      known.push(chunk as Uint8Array)
      if (--left === 0) return false
    }
    return true
  }),
  fc.array(size, { minLength: 2, maxLength: 5 }).map((sizes): Step => async (reader, known) => {
    const chunks = await Promise.all(sizes.map(async maxBytes => await reader.read({ maxBytes })))
    return chunks.map(chunk => take(known, chunk)).at(-1) ?? false
  }),
)

const children: fc.Arbitrary<readonly [file: string, args: readonly string[], total: number]> = fc.oneof(
  fc
    .record({ total: fc.integer({ min: 0, max: 2_000_000 }), block: fc.integer({ min: 500, max: 200_000 }) })
    .map(({ total, block }) => [flood, ['--total', String(total), '--block', String(block)], total] as const),
  fc
    .record({ bytes: fc.integer({ min: 1, max: 20_000 }), count: fc.integer({ min: 1, max: 30 }) })
    .map(
      ({ bytes, count }) =>
        [trickle, ['--bytes', String(bytes), '--count', String(count), '--every', '1'], bytes * count] as const,
    ),
)

for (const readAhead of [0, 70_000]) {
  test(`any reads of any child give every byte once and in order: readAhead ${readAhead}`, async t => {
    const programs = fc.array(steps, { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(children, programs, async ([file, args, total], program) => {
        const child = await spawn(file, args, { readAhead })
        const known = new KnownStream()
        let isOver = false
        // Aborted exact reads of a size larger than what is left never end it, so the last steps are plain.
        for (let round = 0; round < 200 && !isOver; round++) {
          isOver = await (program[round % program.length] as Step)(child.stdout, known)
        }
        for await (const chunk of child.stdout) known.push(chunk)
        await child.success()
        return known.offset === total
      }),
      { numRuns: 40 },
    )
    t.pass()
  })
}
