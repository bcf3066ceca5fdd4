// SIGKILL of a second Node process: how many of its descendants are alive before and after.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { below, isAlive, marked } from './proc.mjs'
import { live, ms, say } from './screen.mjs'

const KILL_TIMEOUT = 500
const ROOM = 500
const MARK = 'SLUICEGATE_DEMO'

export const title = 'SIGKILL of a Node process whose descendants left its session or ignore SIGTERM'
export const linuxOnly = true

async function family(side) {
  const mark = randomUUID()
  const node = fork(fileURLToPath(new URL('family.mjs', import.meta.url)), [side, String(KILL_TIMEOUT)], {
    env: { ...process.env, [MARK]: mark },
  })
  await once(node, 'message')
  // Whoever went away from its parent still has the mark; the guards, which are started without an environment, are below.
  const members = () => marked(`${MARK}=${mark}`).filter(pid => pid !== node.pid)
  const before = members()
  const guards = below(node.pid).filter(pid => !before.includes(pid))
  const isLeft = () => [...new Set([...members(), ...guards.filter(isAlive)])]

  node.kill('SIGKILL')
  const killed = performance.now()
  let left = isLeft()
  while (left.length > 0 && performance.now() - killed < KILL_TIMEOUT + ROOM) {
    live(`${side}: ${left.length} of ${before.length + guards.length} alive after ${ms(performance.now() - killed)}`)
    await pause(20)
    left = isLeft()
  }
  const took = performance.now() - killed
  for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  say(
    `  ${side}: ${before.length} descendants and ${guards.length} guards before, ${left.length} alive ${ms(took)} after`,
  )
  return { before: before.length, guards: guards.length, left: left.length, took }
}

export async function show() {
  const theirs = await family('child_process')
  const ours = await family('sluicegate')
  return [
    {
      claim: 'no descendant outlives its Node process',
      held: ours.before >= 10 && ours.left === 0,
      detail: `${ours.before} before, ${ours.left} after ${ms(ours.took)} (child_process: ${theirs.before}, ${theirs.left})`,
    },
  ]
}
