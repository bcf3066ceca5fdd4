import anyTest from 'ava'
import { run, spawn, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'
import { Ticks } from '../helpers/usage.ts'

const EVERY = 10
const DURATION = 2000
/** A busy machine takes time from us as well: a quarter is enough, of the best of so many runs. Starved timers are never near. */
const RUNS = 3
const WANTED = DURATION / EVERY / 4

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function burn(microseconds: number): void {
  const until = performance.now() + microseconds / 1000
  while (performance.now() < until);
}

type Consume = (reader: ByteReader, isOver: () => boolean) => Promise<void>

async function ticksBeside(consume: Consume, readAhead: number): Promise<number> {
  await using child = await spawn(flood, ['--lines', '64'], { readAhead })
  const ticks = new Ticks(EVERY)
  const until = performance.now() + DURATION
  await consume(child.stdout, () => performance.now() >= until)
  ticks.stop()
  await child.stdout.cancel()
  return ticks.count
}

const ways: Readonly<Record<string, Consume>> = {
  'an iterator': async (reader, isOver) => {
    for await (const _ of reader) {
      burn(50)
      if (isOver()) break
    }
  },
  'single reads': async (reader, isOver) => {
    while (!isOver()) {
      await reader.read()
      burn(50)
    }
  },
  'small reads': async (reader, isOver) => {
    while (!isOver()) {
      await reader.read({ maxBytes: 64 })
      burn(50)
    }
  },
  lines: async (reader, isOver) => {
    for await (const _ of reader.lines()) {
      burn(50)
      if (isOver()) break
    }
  },
  'batches of lines': async (reader, isOver) => {
    for await (const _ of reader.lines().batches()) {
      burn(50)
      if (isOver()) break
    }
  },
}

for (const [what, consume] of Object.entries(ways)) {
  for (const readAhead of [0, 1024 * 1024]) {
    test(`a timer runs beside a firehose: ${what}, readAhead ${readAhead}`, async t => {
      let best = 0
      for (let count = 0; count < RUNS && best < WANTED; count++)
        best = Math.max(best, await ticksBeside(consume, readAhead))
      t.true(best >= WANTED, `${best} ticks`)
    })
  }
}
