import test from 'ava'
import { crashRounds } from '../helpers/journal-crashes.ts'

for (const durability of ['synced', 'written'] as const) {
  test(`a SIGKILL at a random moment loses nothing that was acknowledged, four rounds on one journal (${durability})`, async t => {
    t.true((await crashRounds(4, durability)) > 0)
  })
}
