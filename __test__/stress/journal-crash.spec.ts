import test from 'ava'
import { crashRounds } from '../helpers/journal-crashes.ts'
import { scaled } from '../helpers/scale.ts'

test('a SIGKILL at a random moment loses nothing that was acknowledged, 200 rounds on one journal', async t => {
  t.true((await crashRounds(scaled(200), 'synced')) > 0)
})

test('the same with durability written, 50 rounds', async t => {
  t.true((await crashRounds(scaled(50), 'written')) > 0)
})
