import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'
import { staysTrue, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const WRITTEN = 30_000

test('all bytes wait in the kernel until a read asks for them', async t => {
  const child = await spawn(flood, ['--total', String(WRITTEN)])
  await child.closed
  t.is(child.metrics().pipedBytes, WRITTEN)
  t.is((await child.stdout.read({ maxBytes: 10_000 }))?.length, 10_000)
  t.is(child.metrics().pipedBytes, 20_000)
  t.is((await child.stdout.bytes()).length, 20_000)
})

test('a Readable takes none of them before it is asked, and one chunk when it is', async t => {
  const child = await spawn(flood, ['--total', '200000'])
  const stream = child.stdout.readable()
  await waitFor(() => child.metrics().pipedBytes === 65_536)
  await staysTrue(() => child.metrics().reads === 0, 100, 'no read made')
  const first = await new Promise<Uint8Array>(resolve => {
    stream.once('data', chunk => {
      stream.pause()
      resolve(chunk)
    })
  })
  t.true(first.length > 0)
  await waitFor(() => child.metrics().pipedBytes === 65_536)
  const { bytesRead } = child.metrics()
  await staysTrue(() => child.metrics().bytesRead === bytesRead, 100, 'nothing read while paused')
  t.true(bytesRead <= 2 * 65_536, `${bytesRead} bytes left the pipe for one chunk`)
  let total = first.length
  for await (const chunk of stream) total += chunk.length
  t.is(total, 200_000)
  await child.closed
})

test('a ReadableStream takes none of them before it is asked, and one chunk a read', async t => {
  const child = await spawn(flood, ['--total', '200000'])
  const reader = child.stdout.readableStream().getReader()
  await waitFor(() => child.metrics().pipedBytes === 65_536)
  await staysTrue(() => child.metrics().reads === 0, 100, 'no read made')
  const first = await reader.read()
  await waitFor(() => child.metrics().pipedBytes === 65_536)
  await staysTrue(() => child.metrics().bytesRead === first.value?.length, 100, 'one chunk read')
  let total = first.value?.length ?? 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) total += next.value.length
  t.is(total, 200_000)
  await child.closed
})
