import anyTest from 'ava'
import { ProcessError, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { firstDifference, flood } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test("'error' ends the tree and keeps exactly maxBuffer bytes", async t => {
  const error = await t.throwsAsync(run(flood, [], { maxBuffer: 100_000, encoding: 'buffer' }), {
    instanceOf: ProcessError,
    code: 'ERR_MAX_BUFFER',
  })
  t.true(error.truncated)
  t.is((error.stdout as Uint8Array).length, 100_000)
  t.regex(error.shortMessage, /stdout was larger than 100000 bytes/u)
})

test("'head' keeps the beginning and lets the child live", async t => {
  const { stdout, truncated, ok } = await run(flood, ['--total', '3000000'], {
    maxBuffer: 1000,
    onMaxBuffer: 'head',
    encoding: 'buffer',
  })
  t.true(ok && truncated)
  t.is(stdout.length, 1000)
  t.is(firstDifference(stdout, 0), -1)
})

test("'tail' keeps the end", async t => {
  const { stdout, truncated } = await run(flood, ['--total', '3000000'], {
    maxBuffer: 1000,
    onMaxBuffer: 'tail',
    encoding: 'buffer',
  })
  t.true(truncated)
  t.is(stdout.length, 1000)
  t.is(firstDifference(stdout, 2_999_000), -1)
})

test('exactly maxBuffer bytes are no excess', async t => {
  const { stdout, truncated } = await run('printf', ['abcd'], { maxBuffer: 4 })
  t.is(stdout, 'abcd')
  t.false(truncated)
})

test('the limit is one of each stream', async t => {
  await t.throwsAsync(run('sh', ['-c', 'echo out; echo error >&2; sleep 60'], { maxBuffer: 4 }), {
    code: 'ERR_MAX_BUFFER',
    message: /stderr/u,
  })
})
