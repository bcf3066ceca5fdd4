// More than a flow can do, for a few seconds. The long run is among the stress specs.
import test from 'ava'
import { overload } from '../helpers/overload.ts'

test('S3.24: ten times too much waits at the inlet: memory flat, bounds kept, and all is well again afterwards', async t => {
  await overload(t, 3)
})
