// `node bench/per-child.mjs [CHILDREN]`: what one waiting child costs in each mode beyond itself. Linux only: reads /proc.
// Each mode has a Node process of its own, so that nothing of one is counted for the next.
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawn } from 'sluicegate'

const MODES = {
  tree: { containment: 'tree' },
  group: { containment: 'group' },
  none: { containment: 'none' },
  'tree, stdin and stderr piped': { containment: 'tree', stdin: 'pipe', stderr: 'pipe' },
}
const WARM = 8

const count = Number(process.argv[2] ?? 100)
const mode = process.argv[3]
if (mode === undefined) {
  console.log(`${count} children of each mode, what one of them costs beyond its own process:`)
  console.log(
    'mode | pids | descriptors here | in the guards | guards’ PSS kB | guards’ RSS kB | heap and native kB here',
  )
  for (const name of Object.keys(MODES)) {
    process.stdout.write(
      execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), String(count), name]),
    )
  }
} else {
  await measure(MODES[mode])
}

async function measure(options) {
  const children = []
  const start = async n => {
    const more = Array.from({ length: n }, () => spawn('sleep', ['600'], options))
    children.push(...(await Promise.all(more)))
  }
  await start(WARM)
  const before = look(children)
  await start(count)
  const after = look(children)
  const each = name => ((after[name] - before[name]) / count).toFixed(name === 'pids' || name.endsWith('s') ? 1 : 0)
  const cells = ['pids', 'descriptors', 'guardDescriptors', 'pss', 'rss', 'own'].map(each)
  console.log([mode, ...cells].join(' | '))
  await Promise.all(children.map(child => child.terminate({ killTimeout: 0 })))
}

/** Sums over this process and over its guards: everything below it, or beside a child of it, that is no child of ours. */
function look(children) {
  globalThis.gc()
  const started = new Set(children.map(({ pid }) => pid))
  const guards = below(process.pid).filter(pid => !started.has(pid))
  const sum = of => guards.reduce((total, pid) => total + of(pid), 0)
  return {
    pids: guards.length,
    descriptors: readdirSync('/proc/self/fd').length,
    guardDescriptors: sum(pid => readdirSync(`/proc/${pid}/fd`).length),
    pss: sum(pid => field(pid, 'Pss')),
    rss: sum(pid => field(pid, 'Rss')),
    own: field('self', 'Pss'),
  }
}

function field(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1])
}

function below(root) {
  const parents = new Map()
  for (const name of readdirSync('/proc').filter(each => /^\d+$/u.test(each))) {
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It is gone.
    }
  }
  const found = [root]
  for (const parent of found) for (const [pid, its] of parents) if (its === parent) found.push(pid)
  return found.slice(1)
}
