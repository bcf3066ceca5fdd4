// Several processes on one log, for a short time; the long one is in __test__/stress.
import test from 'ava'
import { engines, type EngineName } from './engines.ts'
import { ownersComeAndGo } from './owners.ts'

for (const engine of Object.keys(engines) as EngineName[]) {
  const spec = engines[engine].isHere ? test.serial : test.serial.skip
  spec(
    `${engine}: owners are killed, cut off and fenced, the server restarts, and every event is done once, in order`,
    async t => {
      await ownersComeAndGo(t, engine, 3, 40)
    },
  )
}
