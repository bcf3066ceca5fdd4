// A thousand children at once, 10 MB from each: time, how long the JavaScript thread was held, and memory of the host and its helpers.
import { spawn as spawnPeer } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { program } from '../harness/peers.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { dataAll, readAll } from '../harness/transfer.mjs'

const CHILDREN = 1000
const size = isQuick => (isQuick ? 1e6 : 1e7)
const args = total => ['--block', '65536', '--total', String(total)]

/** `start` gives one child's bytes; all are started in one go. `release` lets go of what is held back while memory is looked at. */
async function thousand(isQuick, start) {
  const total = size(isQuick)
  const cpu = process.threadCpuUsage()
  const began = performance.now()
  const reads = []
  let largest = 0
  const memory = setInterval(() => (largest = Math.max(largest, hostMemory())), 250)
  for (let i = 0; i < CHILDREN; i++) reads.push(start(program('flood'), args(total)))
  const called = performance.now() - began
  const bytes = await Promise.all(reads)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.threadCpuUsage(cpu)
  clearInterval(memory)
  if (bytes.some(count => count !== total)) throw new Error('not every byte came')
  return {
    'time, s': seconds,
    'JavaScript thread held by the calls, ms': called,
    'its CPU in all, ms': (user + system) / 1000,
    'largest memory of the host, MB': largest,
  }
}

/** With all of them alive and blocked on their full pipes: host, shepherd and keepers. */
async function idleMemory(start) {
  const children = await Promise.all(Array.from({ length: CHILDREN }, () => start(program('flood'), args(1e6))))
  const helpers = helperMemory()
  return { children, values: { 'helpers with all alive, MB': helpers, 'host with all alive, MB': hostMemory() } }
}

function hostMemory() {
  return proportional('self')
}

/** The shepherd of this process and its keepers, which are forks of it and so share its pages. */
function helperMemory() {
  let sum = 0
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/u.test(name))) {
    const stat = status(pid)
    if (stat !== undefined) parents.set(pid, stat)
  }
  const isOurs = pid => {
    const of = parents.get(pid)
    if (!of?.name.startsWith('sluice')) return false
    return of.parent === String(process.pid) || isOurs(of.parent)
  }
  for (const pid of parents.keys()) if (isOurs(pid)) sum += proportional(pid)
  return sum
}

function status(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = text.lastIndexOf(')')
    return { name: text.slice(text.indexOf('(') + 1, end), parent: text.slice(end + 4).split(' ', 1)[0] }
  } catch {
    return undefined
  }
}

function proportional(pid) {
  try {
    const [, kilobytes] = /^Pss:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
    return Number(kilobytes) / 1024
  } catch {
    return 0
  }
}

function total(values) {
  const largest = Math.max(values['largest memory of the host, MB'], values['host with all alive, MB'])
  return { ...values, 'memory in all, MB': largest + values['helpers with all alive, MB'] }
}

const metrics = ['time, s', 'JavaScript thread held by the calls, ms', 'memory in all, MB']

export const row = {
  title: 'A thousand children at once, 10 MB each',
  rounds: 3,
  quickRounds: 1,
  isWarm: true,
  sides: {
    ours: {
      open: ours,
      async measure(quick, { spawn }) {
        const start = (file, args) => spawn(file, args, { stderr: 'ignore' })
        const flow = await thousand(
          quick,
          async (file, args) => await readAll((await start(file, args)).stdout, () => {}),
        )
        const { children, values } = await idleMemory(start)
        await Promise.all(children.map(child => child.terminate()))
        return total({ ...flow, ...values })
      },
    },
    child_process: {
      async measure(quick) {
        const start = (file, args) => spawnPeer(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
        const flow = await thousand(quick, (file, args) => dataAll(start(file, args).stdout, () => {}))
        const { children, values } = await idleMemory(start)
        await Promise.all(
          children.map(child => {
            child.kill('SIGKILL')
            child.stdout.resume()
            return new Promise(resolve => child.on('close', resolve))
          }),
        )
        return total({ ...flow, ...values })
      },
    },
  },
  claims: [
    { metric: metrics[0], side: 'ours', against: 'child_process', atMost: 1 },
    { metric: metrics[1], side: 'ours', against: 'child_process', atMost: 0.05 },
    { metric: metrics[2], side: 'ours', against: 'child_process', atMost: 1.5 },
  ],
}
