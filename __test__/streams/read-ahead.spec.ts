import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { KnownStream, knownBytes } from '../helpers/known-stream.ts'
import { Counter, flood, trickle } from '../helpers/programs.ts'
import { ownMemory } from '../helpers/usage.ts'
import { staysTrue, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const MiB = 1024 * 1024
const PIPE = 65_536

for (const readAhead of [1, 1000, PIPE, MiB, 8 * MiB]) {
  test(`an unread child stops after readAhead and one pipe: ${readAhead}`, async t => {
    const counter = new Counter()
    const before = ownMemory()
    await using child = await spawn(flood, ['--counter', counter.file], { readAhead })
    await waitFor(() => counter.value >= PIPE)
    await staysTrue(() => counter.value <= readAhead + PIPE, 300, 'the count of bytes the child got rid of')
    t.true(ownMemory() - before < readAhead + PIPE + MiB)
    const known = new KnownStream()
    while (known.offset < 2 * readAhead + PIPE) known.push((await child.stdout.read()) ?? new Uint8Array(0))
    await waitFor(() => counter.value > readAhead + PIPE)
    // A pipe whose reader has kept up may have grown to four times its size.
    await staysTrue(() => counter.value <= known.offset + readAhead + 4 * PIPE, 100, 'the bound after reading')
    await child.stdout.cancel()
    counter[Symbol.dispose]()
  })
}

test('sixteen megabytes come in order through every size of read', async t => {
  for (const maxBytes of [7, 4096, 65_535, 65_537, MiB]) {
    const total = maxBytes === 7 ? 300_000 : 16 * MiB
    const child = await spawn(flood, ['--total', String(total)], { readAhead: MiB })
    const known = new KnownStream()
    for (;;) {
      const chunk = await child.stdout.read({ maxBytes })
      if (chunk === null) break
      t.true(chunk.length > 0 && chunk.length <= maxBytes)
      known.push(chunk)
    }
    t.is(known.offset, total)
    t.true((await child.success()).ok)
  }
})

test('lines, exact reads, text and a transfer are as without', async t => {
  const options = { readAhead: MiB } as const
  const lines = await spawn('sh', ['-c', 'printf "a\\r\\nb"; sleep 0.05; printf "c\\nd"'], options)
  const seen: string[] = []
  for await (const line of lines.stdout.lines()) seen.push(line)
  t.deepEqual(seen, ['a', 'bc', 'd'])

  const exact = await spawn(trickle, ['--bytes', '10', '--every', '1', '--count', '30'], options)
  t.deepEqual(Uint8Array.from(await exact.stdout.readExactly(295)), Uint8Array.from(knownBytes(0, 295)))
  await t.throwsAsync(exact.stdout.readExactly(10), { code: 'ERR_READER_CLOSED' })
  t.deepEqual(Uint8Array.from(await exact.stdout.bytes()), Uint8Array.from(knownBytes(295, 5)))

  t.is(await (await spawn('printf', ['%s', 'häß😀'], options)).stdout.text(), 'häß😀')

  const source = await spawn(flood, ['--total', String(4 * MiB)], options)
  const target = await spawn('cat', [], { ...options, stdin: 'pipe' })
  const known = new KnownStream()
  const [moved] = await Promise.all([
    source.stdout.pipeTo(target.stdin),
    (async () => {
      for await (const chunk of target.stdout) known.push(chunk)
    })(),
  ])
  t.deepEqual([moved, known.offset], [4 * MiB, 4 * MiB])
  await Promise.all([lines, exact, source, target].map(async child => await child.closed))
})

test('an abort loses nothing, and the end comes once all is read', async t => {
  const child = await spawn(trickle, ['--bytes', '100', '--every', '2', '--count', '100'], { readAhead: MiB })
  const known = new KnownStream()
  for (;;) {
    const controller = new AbortController()
    const read = child.stdout.read({ signal: controller.signal }).catch((error: unknown) => error)
    setImmediate(() => controller.abort())
    const outcome = await read
    if (outcome === null) break
    if (outcome instanceof Uint8Array) known.push(outcome)
    else t.is((outcome as { code?: string }).code, 'ABORT_ERR')
  }
  t.is(known.offset, 10_000)
  await child.closed
})

test('a canceled reader ends its child as a closed pipe does', async t => {
  const child = await spawn(flood, [], { readAhead: MiB })
  await child.stdout.read()
  await child.stdout.cancel()
  t.like(await child.closed, { signal: 'SIGPIPE' })
})
