// A real run: files found by a producer, hashed by child processes, at most four at once, results broadcast to two consumers of different
// speed. The slow one sets the pace; stopped and killed on the way, nothing is lost.
import anyTest, { type ExecutionContext } from 'ava'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Channel, consumer, producer, run, taskConsumer, type Consumer, type Producer } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { startHousehold } from '../helpers/household.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { range } from './stages.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** A tree of files; gives what each hashes to. */
function tree(t: ExecutionContext, count: number): { root: string; expected: readonly string[] } {
  const root = mkdtempSync(path.join(tmpdir(), 'sluicegate-hashed-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  const expected: string[] = []
  for (const n of range(0, count)) {
    const folder = path.join(root, `d${n % 3}`, `e${n % 2}`)
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, `${n}.txt`)
    writeFileSync(file, `content ${n}`)
    expected.push(`${file} ${createHash('sha256').update(`content ${n}`).digest('hex')}`)
  }
  return { root, expected: expected.sort() }
}

function lines(results: readonly Hashed[]): string[] {
  return results.map(({ file, hash }) => `${file} ${hash}`).sort()
}

async function* find(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) yield* find(file)
    else yield file
  }
}

interface Hashed {
  readonly file: string
  readonly hash: string
}

interface Graph {
  readonly files: Producer<string>
  readonly hash: Consumer<string>
  readonly fast: Consumer<Hashed>
  readonly slow: Consumer<Hashed>
  readonly most: () => number
  readonly lead: () => number
  readonly hashed: { readonly fast: Hashed[]; readonly slow: Hashed[] }
  /** Fulfils when everything found is with both consumers. */
  readonly done: Promise<void>
}

/** `shell` gets the file as its first argument. */
async function graph(files: Producer<string>, shell = 'exec sha256sum "$0"'): Promise<Graph> {
  let alive = 0
  let most = 0
  let lead = 0
  const hashed: Graph['hashed'] = { fast: [], slow: [] }
  const results = new Channel<Hashed>(2)
  const hash = taskConsumer<string>(
    async file => {
      alive += 1
      most = Math.max(most, alive)
      try {
        const { stdout } = await run('sh', ['-c', shell, file])
        await results.send({ file, hash: stdout.slice(0, 64) })
      } finally {
        alive -= 1
      }
    },
    { name: 'hash', retry: { attempts: 3, initial: 1 } },
  )
  const broadcast = producer<Hashed>(results, { dispatcher: { type: 'broadcast' }, demand: 'accumulate' })
  const fast = consumer<Hashed>(events => {
    hashed.fast.push(...events)
    lead = Math.max(lead, hashed.fast.length - hashed.slow.length)
  })
  const slow = consumer<Hashed>(async events => {
    await turns(20)
    hashed.slow.push(...events)
  })
  await fast.subscribeTo(broadcast, { maxDemand: 10 })
  await slow.subscribeTo(broadcast, { maxDemand: 2, minDemand: 0 })
  broadcast.demand('forward')
  await hash.subscribeTo(files, { maxDemand: 4, minDemand: 3 })
  const done = (async () => {
    await hash.done
    results.close()
    await Promise.all([fast.done, slow.done])
  })()
  done.catch(() => {})
  return { files, hash, fast, slow, most: () => most, lead: () => lead, hashed, done }
}

test('every file is hashed once, by at most four children, and both consumers get every result', async t => {
  const { root, expected } = tree(t, 40)
  const { done, hashed, most, lead } = await graph(producer(find(root)))
  await done
  for (const list of [hashed.fast, hashed.slow]) {
    t.deepEqual(lines(list), expected)
  }
  t.true(most() <= 4, `${most()} at once`)
  t.true(most() > 1)
  // The slow one asks for two at a time, so the fast one is never further ahead than that.
  t.true(lead() <= 2 + 2, `ahead by ${lead()}`)
})

test('children that are killed on the way are tried again', async t => {
  const { expected } = tree(t, 12)
  const once = 'test -e "$0.tried" || { : > "$0.tried"; kill -KILL $$; }; exec sha256sum "$0"'
  const files = expected.map(line => line.slice(0, line.indexOf(' ')))
  const { done, hashed, hash } = await graph(producer(files), once)
  await done
  t.deepEqual(lines(hashed.slow), expected)
  t.is(hash.metrics().handled, 12)
})

test('stopped in the middle: what was begun is finished, and a second graph does the rest', async t => {
  const { root, expected } = tree(t, 40)
  const found = find(root)
  // One channel outlives both graphs: what nobody asked for stays there.
  const queue = new Channel<string>(5)
  const finding = (async () => {
    for await (const file of found) await queue.send(file)
    queue.close()
  })()
  const first = await graph(producer<string>(queue))
  await waitFor(() => first.hashed.slow.length > 5, { deadline: 20_000 })
  await first.files.stop()
  await first.done
  const half = first.hashed.slow.length
  t.is(first.hashed.fast.length, half)
  t.true(half < 40, `${half} were done`)
  const second = await graph(producer<string>(queue))
  await finding
  await second.done
  for (const kind of ['fast', 'slow'] as const) {
    const both = [...first.hashed[kind], ...second.hashed[kind]]
    t.deepEqual(lines(both), expected)
  }
})

function noted(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}

test('killed in the middle, with its children alive: the next run does the rest, and both have every result once', async t => {
  const { root, expected } = tree(t, 100)
  const notes = mkdtempSync(path.join(tmpdir(), 'sluicegate-noted-'))
  t.teardown(() => rmSync(notes, { recursive: true }))
  const [fast, slow] = [path.join(notes, 'fast'), path.join(notes, 'slow')]
  for (const goal of [10, 30]) {
    await using household = startHousehold('hashing-files.ts', { args: [root, notes] })
    await waitFor(() => noted(slow).length >= goal, { deadline: 30_000, interval: 1 })
    household.node.process.kill('SIGKILL')
    await household.diesOut(20_000)
  }
  await using household = startHousehold('hashing-files.ts', { args: [root, notes] })
  const most = await household.node.message<number>()
  t.true(most <= 4, `${most} at once`)
  for (const file of [fast, slow]) t.deepEqual(noted(file).sort(), expected)
})
