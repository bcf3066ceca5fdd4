// Writes against a child that gives back what it was given: what settled as written is there, in order and whole, and nothing else.
import { deepEqual } from 'node:assert/strict'
import anyTest from 'ava'
import fc from 'fast-check'
import { run, spawn, type ByteReader, type ByteWriter } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { holds, patience } from '../helpers/effort.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

type Outcome = 'written' | 'given up' | 'cut off'

interface Attempt {
  readonly bytes: Uint8Array
  readonly outcome: Promise<Outcome>
}

interface Ends {
  readonly writer: ByteWriter
  readonly reader: ByteReader
  readonly attempts: Attempt[]
  readonly received: Uint8Array[]
}

/** Something that is done to the writer, or to the pipe behind the child. */
type Step = (ends: Ends) => Promise<void> | void

async function outcomeOf(write: Promise<void>): Promise<Outcome> {
  try {
    await write
    return 'written'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ABORT_ERR' || code === 'ERR_TIMEOUT') return 'given up'
    if (code === 'ERR_WRITER_CLOSED') return 'cut off'
    throw error
  }
}

/** Writes a chunk of that length, which says where it comes from; small ones are spoiled afterwards, since they were copied. */
function write(
  { writer, attempts }: Ends,
  length: number,
  options?: { signal?: AbortSignal; timeout?: number },
): Attempt {
  const chunk = new Uint8Array(length).fill(attempts.length)
  const attempt = { bytes: chunk.slice(), outcome: outcomeOf(writer.write(chunk, options)) }
  if (length <= 65_536) chunk.fill(255)
  attempts.push(attempt)
  return attempt
}

/** Whether there may be more. */
function take({ reader, received }: Ends): boolean {
  const chunk = reader.tryRead({ maxBytes: 100_000 })
  if (chunk) received.push(chunk)
  return chunk !== null
}

const size = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 200_000 }))

const steps: fc.Arbitrary<Step> = fc.oneof(
  size.map(
    (length): Step =>
      ends =>
        void write(ends, length),
  ),
  fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 20 }).map((lengths): Step => ends => {
    for (const length of lengths) write(ends, length)
  }),
  fc.string({ unit: 'binary', maxLength: 100_000 }).map((text): Step => ({ writer, attempts }) => {
    attempts.push({ bytes: Buffer.from(text), outcome: outcomeOf(writer.write(text)) })
  }),
  size.map((length): Step => async ends => {
    const { outcome } = write(ends, length)
    while ((await Promise.race([outcome, turns()])) === undefined) take(ends)
  }),
  fc.record({ length: size, after: fc.integer({ min: 0, max: 3 }) }).map(({ length, after }): Step => async ends => {
    const controller = new AbortController()
    write(ends, length, { signal: controller.signal })
    await turns(after)
    controller.abort()
  }),
  fc.record({ length: size, timeout: fc.integer({ min: 0, max: 2 }) }).map(
    ({ length, timeout }): Step =>
      ends =>
        void write(ends, length, { timeout }),
  ),
  size.map((length): Step => ({ writer, attempts }) => {
    const chunk = new Uint8Array(length).fill(attempts.length)
    const bytes = chunk.subarray(0, writer.tryWrite(chunk))
    attempts.push({ bytes, outcome: Promise.resolve('written') })
  }),
  fc.integer({ min: 1, max: 4 }).map((count): Step => async ends => {
    for (let round = 0; round < count && take(ends); round++) await turns()
  }),
)

const endings: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>(
    ({ writer, attempts }) => void attempts.push({ bytes: Buffer.alloc(0), outcome: outcomeOf(writer.end()) }),
  ),
  size.map((length): Step => ({ writer, attempts }) => {
    const bytes = new Uint8Array(length).fill(254)
    attempts.push({ bytes, outcome: outcomeOf(writer.end(bytes)) })
  }),
  fc.constant<Step>(({ writer }) => void writer.writable().destroy()),
)

test('what was written arrives whole and in order, what was given up not at all, and an end cuts only what waits', async t => {
  t.timeout(patience)
  const programs = fc.array(steps, { maxLength: 15 })
  await holds(
    fc.asyncProperty(programs, endings, async (program, ending) => {
      const child = await spawn('cat', [], { stdin: 'pipe' })
      const ends: Ends = { writer: child.stdin, reader: child.stdout, attempts: [], received: [] }
      for (const step of program) await step(ends)
      await ending(ends)
      for await (const chunk of child.stdout) ends.received.push(chunk)
      await child.success()
      await child.stdin.closed
      const outcomes = await Promise.all(ends.attempts.map(({ outcome }) => outcome))
      const those = (wanted: Outcome): Buffer =>
        Buffer.concat(ends.attempts.filter((_, at) => outcomes[at] === wanted).map(({ bytes }) => bytes))
      // Nothing is written behind what was cut off, and of that some first bytes may have been taken.
      const sent = Buffer.concat([those('written'), those('cut off')])
      const received = Buffer.concat(ends.received)
      deepEqual(
        {
          isWhole: received.length >= those('written').length,
          isInOrder: received.equals(sent.subarray(0, received.length)),
          counted: child.stdin.bytesWritten,
          pending: child.stdin.pendingBytes,
        },
        { isWhole: true, isInOrder: true, counted: received.length, pending: 0 },
      )
    }),
    150,
  )
  t.pass()
})
