import anyTest from 'ava'
import { command, ProcessError, run, SpawnError, stream } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { flood } from '../helpers/programs.ts'
import { descendantsOf } from '../helpers/processes.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('lines of a child that ends well', async t => {
  const lines: string[] = []
  for await (const line of stream('printf', ['a\nb\n']).lines()) lines.push(line)
  t.deepEqual(lines, ['a', 'b'])
})

test('nothing starts before the first read', async t => {
  const before = descendantsOf(process.pid).length
  const reader = stream('sleep', ['60'])
  t.is(descendantsOf(process.pid).length, before)
  await reader.cancel()
})

test('leaving the loop ends the child', async t => {
  for await (const chunk of stream(flood)) {
    t.true(chunk.length > 0)
    break
  }
})

test('cancel ends the child', async t => {
  const reader = stream('sh', ['-c', 'echo ready; exec sleep 60'])
  await reader.read()
  await reader.cancel()
  await t.throwsAsync(reader.read(), { code: 'ERR_READER_CLOSED' })
  await waitFor(() => !descendantsOf(process.pid).some(({ commandLine }) => commandLine === 'sleep 60'))
  t.pass()
})

test('a child that fails rejects the last read, after all its output', async t => {
  const reader = stream('sh', ['-c', 'echo text; exit 3'])
  t.is(String(Buffer.from((await reader.read()) ?? [])), 'text\n')
  const error = await t.throwsAsync(reader.read(), { instanceOf: ProcessError })
  t.is(error.exitCode, 3)
  await t.throwsAsync(stream('sh', ['-c', 'echo text; exit 3']).text(), { instanceOf: ProcessError })
})

test('one that can not start rejects the first read, and every later one', async t => {
  const reader = stream('no-such-program')
  await t.throwsAsync(reader.read(), { instanceOf: SpawnError, code: 'ENOENT' })
  await t.throwsAsync(reader.read(), { code: 'ENOENT' })
})

test('input, pipes and limits work as in run', async t => {
  t.is(await stream('cat', [], { input: 'abc' }).text(), 'abc')
  t.is(await command('printf', ['b\na\n']).pipe('sort').stream().text(), 'a\nb\n')
  await t.throwsAsync(stream('sleep', ['60'], { timeout: 100 }).read(), { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(stream('true', [], { signal: AbortSignal.abort() }).read(), { code: 'ABORT_ERR' })
})
