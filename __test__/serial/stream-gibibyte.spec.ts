import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream, knownBytes } from '../helpers/known-stream.ts'
import { flood } from '../helpers/programs.ts'
import { ownMemory } from '../helpers/usage.ts'

const GiB = 1024 ** 3
const BOUND = 128 * 1024 * 1024

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const readAhead of [0, 1024 * 1024]) {
  test(`a gibibyte comes byte by byte in order, in bounded memory: readAhead ${readAhead}`, async t => {
    const child = await spawn(flood, ['--total', String(GiB)], { readAhead })
    const known = new KnownStream()
    const before = ownMemory()
    let most = 0
    for await (const chunk of child.stdout) {
      known.push(chunk)
      if (known.offset % (16 * 1024 * 1024) < chunk.length) most = Math.max(most, process.memoryUsage.rss())
    }
    t.is(known.offset, GiB)
    t.true(most - before < BOUND, `grown by ${most - before}`)
    t.true((await child.success()).ok)
  })
}

test('a gibibyte goes through cat in both directions at once', async t => {
  const child = await spawn('cat', [], { stdin: 'pipe' })
  const before = ownMemory()
  let most = 0
  const write = async (): Promise<void> => {
    for (let sent = 0; sent < GiB; sent += 2 ** 18) await child.stdin.write(knownBytes(sent, 2 ** 18))
    await child.stdin.end()
  }
  const read = async (): Promise<number> => {
    const known = new KnownStream()
    for (;;) {
      const chunk = await child.stdout.read()
      if (chunk === null) return known.offset
      known.push(chunk)
      if (known.offset % (16 * 1024 * 1024) < chunk.length) most = Math.max(most, process.memoryUsage.rss())
    }
  }
  const [received] = await Promise.all([read(), write()])
  t.is(received, GiB)
  t.is(child.stdin.bytesWritten, GiB)
  t.true(most - before < BOUND, `grown by ${most - before}`)
  t.true((await child.success()).ok)
})
