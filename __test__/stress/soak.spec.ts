import test from 'ava'
import { scaled } from '../helpers/scale.ts'
import { Soak } from '../soak/soak.ts'

test.serial('random operations leave nothing behind, and nothing rises', async t => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const { operations, series, problems } = await new Soak({ seed }).run(scaled(400_000))
  t.deepEqual(problems, [])
  t.log(`${operations} operations`)
  t.is(series.length, 8)
})
