// Elixir's GenStage as a peer, where somebody has it: SLUICEGATE_GENSTAGE names a directory with its sources, which are compiled into a
// temporary directory by the `elixirc` of the machine.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('genstage.exs', import.meta.url))

/** Where its `lib` is; undefined, with a message where the rows are run, when it can't be measured. */
export function genStageSources() {
  const home = process.env['SLUICEGATE_GENSTAGE']
  const missing = home === undefined ? 'SLUICEGATE_GENSTAGE is not set' : reasonAgainst(home)
  if (missing === undefined) return path.join(home, 'lib')
  if (process.argv[1]?.endsWith('index.mjs')) console.log(`GenStage is left out: ${missing}\n`)
  return undefined
}

function reasonAgainst(home) {
  if (!existsSync(path.join(home, 'lib', 'gen_stage.ex'))) return `there is no lib/gen_stage.ex in ${home}`
  try {
    execFileSync('elixirc', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'elixirc does not run'
  }
}

/** Starts a machine of Erlang with it; `run(count)` gives `{ ms, sum }`. */
export async function openGenStage(sources) {
  const home = mkdtempSync(path.join(tmpdir(), 'sluicegate-genstage-'))
  process.on('exit', () => rmSync(home, { recursive: true, force: true }))
  const files = readdirSync(sources, { recursive: true }).filter(name => name.endsWith('.ex'))
  execFileSync('elixirc', ['-o', home, ...files.map(name => path.join(sources, name))], { stdio: 'ignore' })
  const machine = spawn('elixir', ['-pa', home, SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: machine.stdout })[Symbol.asyncIterator]()
  return {
    run: async count => {
      machine.stdin.write(`${count}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('GenStage has ended')
      const [microseconds, sum] = value.split(' ').map(Number)
      return { ms: microseconds / 1000, sum }
    },
  }
}
