// Lines of a child's output against a plain split of all of it, however it comes and however it is taken.
import { deepEqual } from 'node:assert/strict'
import anyTest from 'ava'
import fc from 'fast-check'
import { run, spawn, type ByteReader, type LineReader } from '../../index.ts'
import { anyLineOptions, anyPieces } from '../helpers/any-lines.ts'
import { withCensus } from '../helpers/census.ts'
import { holds, patience } from '../helpers/effort.ts'
import { plainLines } from '../helpers/plain-lines.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** One way to take lines; true at the end. */
type Step = (lines: LineReader, taken: string[]) => Promise<boolean>

async function one(
  lines: LineReader,
  taken: string[],
  options?: { signal?: AbortSignal; timeout?: number },
): Promise<boolean> {
  const line = await lines.read(options)
  if (line !== null) taken.push(line)
  return line === null
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>(one),
  fc.integer({ min: 1, max: 3 }).map((count): Step => async (lines, taken) => {
    let left = count
    for await (const line of lines) {
      taken.push(line)
      if (--left === 0) return false
    }
    return true
  }),
  fc.integer({ min: 1, max: 2 }).map((count): Step => async (lines, taken) => {
    let left = count
    for await (const batch of lines.batches()) {
      taken.push(...batch)
      if (--left === 0) return false
    }
    return true
  }),
  fc.integer({ min: 0, max: 2 }).map((after): Step => async (lines, taken) => {
    const controller = new AbortController()
    const read = one(lines, taken, { signal: controller.signal })
    const given = read.catch((error: { code?: string }) => {
      if (error.code === 'ABORT_ERR') return false
      throw error
    })
    await turns(after)
    controller.abort()
    return await given
  }),
)

/** Takes lines to the end or to one that is too long; what is behind that is read as bytes. */
async function takeAll(
  reader: ByteReader,
  lines: LineReader,
  program: readonly Step[],
): Promise<[string[], Buffer | undefined]> {
  const taken: string[] = []
  try {
    for (let round = 0; ; round++) {
      // Aborts alone may never come to an end.
      const step = round < 100 ? (program[round % program.length] as Step) : one
      if (await step(lines, taken)) return [taken, undefined]
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_LINE_TOO_LONG') throw error
    return [taken, Buffer.from(await reader.bytes())]
  }
}

for (const readAhead of [0, 70_000]) {
  test(`lines taken in any way are those of a plain split: readAhead ${readAhead}`, async t => {
    t.timeout(patience)
    const programs = fc.array(steps, { minLength: 1, maxLength: 6 })
    await holds(
      fc.asyncProperty(anyPieces, anyLineOptions, programs, async (pieces, options, program) => {
        const child = await spawn('cat', [], { stdin: 'pipe', readAhead })
        const taking = takeAll(child.stdout, child.stdout.lines(options), program)
        for (const piece of pieces) {
          await child.stdin.write(piece)
          await turns()
        }
        await child.stdin.end()
        const [lines, rest] = await taking
        await child.success()
        const expected = plainLines(Buffer.concat(pieces), options)
        deepEqual({ lines, rest }, expected)
      }),
      150,
    )
    t.pass()
  })
}
