import anyTest from 'ava'
import { run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test("stderr 'stdout' is one pipe, so the order is the child's", async t => {
  const script = 'for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done'
  const { stdout, stderr, stderrTail } = await run('sh', ['-c', script], { stderr: 'stdout', lines: true })
  t.deepEqual(stdout, Array.from({ length: 9 }, (_, at) => [`out ${at + 1}`, `err ${at + 1}`]).flat())
  t.is(stderr, undefined)
  t.is(stderrTail, '')
})
