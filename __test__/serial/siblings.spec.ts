import { spawn as nodeSpawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const ROUNDS = 40
const test = withCensus(anyTest, {
  warmUp: async () => {
    await run('true')
    await once(nodeSpawn('true'), 'close')
  },
})

const descriptorsOf = (pid: number | undefined): string[] => readdirSync(`/proc/${pid}/fd`)

test('a sibling that child_process started meanwhile has none of our descriptors, so the end of an input is seen', async t => {
  const siblings: ChildProcess[] = []
  const start = (): ChildProcess => {
    const sibling = nodeSpawn('sleep', ['600'], { stdio: 'ignore' })
    siblings.push(sibling)
    return sibling
  }
  t.teardown(() => siblings.every(sibling => sibling.kill('SIGKILL')))
  const before = start()
  const ours = []
  // Their forks happen on this thread while ours are under way on others.
  for (let round = 0; round < ROUNDS; round++) {
    for (const containment of ['tree', 'group', 'none'] as const) {
      ours.push(spawn('cat', [], { stdin: 'pipe', stderr: 'pipe', containment }))
    }
    start()
  }
  const children = await Promise.all(ours)
  for (const { pid } of siblings) t.deepEqual(descriptorsOf(pid), descriptorsOf(before.pid))
  await Promise.all(children.map(async child => await child.stdin.end()))
  const exits = await Promise.all(children.map(async child => await child.closed))
  t.true(exits.every(({ ok, drained }) => ok && drained))
  for (const sibling of siblings) sibling.kill('SIGKILL')
  await Promise.all(siblings.map(async sibling => await once(sibling, 'close')))
})
