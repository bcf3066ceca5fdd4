// An endless child that is read slowly, and then not at all: its own count of written bytes against ours.
import { setTimeout as pause } from 'node:timers/promises'
import { spawn } from 'sluicegate'
import { io, stat } from './proc.mjs'
import { bytes, live } from './screen.mjs'

const BLOCK = 4096
const PIPE = 64 * 1024
// What the interpreter itself may grow by meanwhile.
const RSS_ROOM = 4 * 2 ** 20

export const title = 'An endless child, read slowly'
export const linuxOnly = true

export async function show() {
  const child = await spawn('dd', ['if=/dev/zero', `bs=${BLOCK}`])
  try {
    return await watch(child)
  } finally {
    await child.terminate()
  }
}

async function watch(child) {
  let rss = 0
  let ahead = 0
  let growth = 0
  const look = what => {
    const { written } = io(child.pid)
    const ours = child.stdout.bytesRead
    ahead = Math.max(ahead, written - ours)
    growth = rss && process.memoryUsage.rss() - rss
    live(
      `${what}  child wrote ${bytes(written)}, we took ${bytes(ours)}, in the pipe ${bytes(child.metrics().pipedBytes)}, ` +
        `our RSS ${growth < 0 ? '' : '+'}${(growth / 2 ** 20).toFixed(1)} MiB, child ${stat(child.pid).state}`,
    )
    return written
  }

  for (let turn = 0; turn < 40; turn++) {
    await child.stdout.read({ maxBytes: 8 * 1024 })
    look('reading ')
    if (turn === 10) rss = process.memoryUsage.rss()
    await pause(50)
  }

  // A last write may still be on its way into the room that the last read made.
  await pause(100)
  const writtenBefore = look('not asked')
  const { cpuTicks } = stat(child.pid)
  const states = new Set()
  for (let turn = 0; turn < 25; turn++) {
    await pause(50)
    look('not asked')
    states.add(stat(child.pid).state)
  }
  const stoodStill = io(child.pid).written === writtenBefore && stat(child.pid).cpuTicks === cpuTicks
  await child.stdout.read()
  await pause(20)
  const resumed = io(child.pid).written > writtenBefore

  return [
    {
      claim: 'the child is never further ahead than its pipe',
      held: ahead <= PIPE + BLOCK,
      detail: `at most ${bytes(ahead)} ahead of us`,
    },
    { claim: 'our memory stays flat', held: growth < RSS_ROOM, detail: `${(growth / 2 ** 20).toFixed(1)} MiB more` },
    {
      claim: 'unread, the child sleeps and uses no CPU time',
      held: stoodStill && states.size === 1 && states.has('S'),
      detail: `state ${[...states].join(', ')} for 1.25 s, counters ${stoodStill ? 'stand still' : 'moved'}`,
    },
    { claim: 'a read lets it go on', held: resumed, detail: resumed ? 'it wrote again' : 'it did not write' },
  ]
}
