import { createHash, randomBytes } from 'node:crypto'
import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { scaled } from '../helpers/scale.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true'), deadline: 10_000 })
const SIZE = 64 * 1024
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('a thousand children at once, three rounds of 64 KiB through each: every byte comes back', async t => {
  const children = await Promise.all(
    Array.from({ length: scaled(1000) }, async () => await spawn('cat', [], { stdin: 'pipe' })),
  )
  for (let round = 0; round < 3; round++) {
    const differing = await Promise.all(
      children.map(async child => {
        const sent = randomBytes(SIZE)
        const [echo] = await Promise.all([child.stdout.readExactly(SIZE), child.stdin.write(sent)])
        return digest(echo) !== digest(sent)
      }),
    )
    t.false(differing.includes(true))
  }
  await Promise.all(children.map(async child => await child.stdin.end()))
  const exits = await Promise.all(children.map(async child => await child.closed))
  t.true(exits.every(exit => exit.ok))
})
