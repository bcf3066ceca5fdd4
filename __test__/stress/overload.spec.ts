// More than a flow can do, for a minute.
import test from 'ava'
import { overload } from '../helpers/overload.ts'
import { scaled } from '../helpers/scale.ts'

test('S3.24: ten times too much for a minute: memory flat, bounds kept, and all is well again afterwards', async t => {
  await overload(t, scaled(60))
})
