// The second Node process of the demo: starts children that do not want to go, tells when all are up, and waits to be killed.
//   node family.mjs sluicegate|child_process KILL_TIMEOUT
import childProcess from 'node:child_process'
import { spawn } from 'sluicegate'

const [side, killTimeout] = process.argv.slice(2)
const stay = 'echo ready; while :; do sleep 600; done'
const scripts = [
  // Does as it is told.
  stay,
  // Ignores the polite signals; its sleep inherits that.
  `trap '' TERM INT HUP; ${stay}`,
  // Leaves group and session.
  `setsid sh -c '${stay}' & wait`,
  // The same, and ignores the polite signals.
  `trap '' TERM INT HUP; setsid sh -c '${stay}' & wait`,
  // Leaves its parent too, which exits at once.
  `setsid sh -c "trap '' TERM INT HUP; ${stay}" & exit 0`,
]

async function start(script) {
  if (side === 'sluicegate') {
    const child = await spawn('sh', ['-c', script], { killTimeout: Number(killTimeout) })
    await child.stdout.read()
  } else {
    const child = childProcess.spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise(resolve => void child.stdout.once('data', resolve))
  }
}

await Promise.all([...scripts, ...scripts].map(start))
process.send('ready')
// An open channel keeps this process here, whatever its children do.
process.on('message', () => {})
