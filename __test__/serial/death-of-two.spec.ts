import anyTest, { type ExecutionContext } from 'ava'
import { startHousehold, type Household } from '../helpers/household.ts'
import { allProcesses, descendantsOf, isAlive, processInfo } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = anyTest.serial
const PATIENCE = 200

interface Children {
  readonly trees: readonly number[]
  readonly groups: readonly number[]
}

interface Scene extends Children {
  readonly household: Household
  readonly shepherd: number
  readonly keepers: readonly number[]
}

async function begin(): Promise<Scene> {
  const household = startHousehold('stubborn-trees.ts')
  const children = await household.node.message<Children>()
  const shepherd = allProcesses().find(
    ({ ppid, name }) => ppid === household.node.pid && name === 'sluice-shepherd',
  )?.pid
  if (shepherd === undefined) throw new Error('there is no shepherd')
  const keepers = children.trees.map(pid => processInfo(pid)?.ppid ?? 0)
  household.members()
  return { ...children, household, shepherd, keepers }
}

/** In one go, so that none of them sees another one's end before its own. */
function killAtOnce(...pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  for (const pid of pids) process.kill(pid, 'SIGKILL')
}

async function diesOut(t: ExecutionContext, scene: Scene): Promise<void> {
  await t.notThrowsAsync(scene.household.diesOut(PATIENCE))
}

test('Node and the shepherd: the keepers end their trees, and the children in groups die with the shepherd', async t => {
  const scene = await begin()
  await using _ = scene.household
  killAtOnce(scene.household.node.pid, scene.shepherd)
  await diesOut(t, scene)
})

test('Node and all keepers: the shepherd ends what they leave behind', async t => {
  const scene = await begin()
  await using _ = scene.household
  killAtOnce(scene.household.node.pid, ...scene.keepers)
  await diesOut(t, scene)
})

test("the shepherd and all keepers: the children die; what these had put into another session is nobody's", async t => {
  const scene = await begin()
  await using _ = scene.household
  const detached = scene.trees.flatMap(pid => descendantsOf(pid).map(info => info.pid))
  t.is(detached.length, 4)
  killAtOnce(scene.shepherd, ...scene.keepers)
  await waitFor(() => ![...scene.trees, ...scene.groups].some(isAlive))
  t.true(isAlive(scene.household.node.pid))
  t.true(detached.every(isAlive))
})

test('a stopped shepherd ends everything when it goes on after the death of Node', async t => {
  const scene = await begin()
  await using _ = scene.household
  process.kill(scene.shepherd, 'SIGSTOP')
  process.kill(scene.household.node.pid, 'SIGKILL')
  await waitFor(() => !isAlive(scene.household.node.pid))
  t.true(scene.groups.every(isAlive))
  process.kill(scene.shepherd, 'SIGCONT')
  await diesOut(t, scene)
})
