// Several processes on one log for a long time: whatever goes wrong, in many rounds.
import test from 'ava'
import { engines, type EngineName } from '../cluster/engines.ts'
import { ownersComeAndGo } from '../cluster/owners.ts'
import { scaled } from '../helpers/scale.ts'

for (const engine of Object.keys(engines) as EngineName[]) {
  const spec = engines[engine].isHere ? test.serial : test.serial.skip
  spec(`${engine}: every event is done once, in order, through many takeovers`, async t => {
    await ownersComeAndGo(t, engine, scaled(60), 200)
  })
}
