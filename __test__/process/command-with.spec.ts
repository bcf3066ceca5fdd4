import anyTest from 'ava'
import { command, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('with makes another command and leaves the first as it was', async t => {
  const plain = command('printf', ['a\nb\n'])
  const lines = plain.with({ lines: true })
  t.deepEqual((await lines.run()).stdout, ['a', 'b'])
  t.is((await plain.run()).stdout, 'a\nb')
  t.is((await lines.run({ lines: false })).stdout, 'a\nb')
})

test('env is merged one level deep, and undefined removes', async t => {
  const show = command('sh', ['-c', 'echo ${A-none} ${B-none}'], { env: { A: '1', B: '2' } })
  t.is((await show.with({ env: { B: '3' } }).run()).stdout, '1 3')
  t.is((await show.run({ env: { A: undefined } })).stdout, 'none 2')
})

test('later changes to what was passed change nothing', async t => {
  const args = ['a']
  const env = { A: '1' }
  const show = command('sh', ['-c', 'echo $A $0', ...args], { env })
  args.push('b')
  env.A = '2'
  t.is((await show.run()).stdout, '1 a')
})

test('each run starts anew, and creation starts nothing', async t => {
  const echo = command('sh', ['-c', 'echo $$'])
  const [first, second] = await Promise.all([echo.run(), echo.run()])
  t.not(first.stdout, second.stdout)
  t.false('then' in echo)
  t.false(Symbol.asyncIterator in echo || Symbol.iterator in echo)
})

test('spawn hands out what run would collect', async t => {
  const child = await command('echo', ['x'], { lines: true }).spawn()
  t.is(await child.stdout.text(), 'x\n')
  await child.closed
})
