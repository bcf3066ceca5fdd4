// `npm run bench [-- --quick] [-- --only NAME]`: measures every row beside its peers and writes RESULTS.md.
//   --quick       small sizes and three rounds: minutes become seconds, spreads become wide; the file is not written
//   --only NAME   one row, by its file's name; the file is not written
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPrograms, installPeers, versions } from './harness/peers.mjs'
import { rowReport } from './harness/report.mjs'
import { runRow } from './harness/rounds.mjs'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
})

const folder = new URL('rows/', import.meta.url)
const files = readdirSync(folder)
  .filter(file => file.endsWith('.mjs'))
  .toSorted((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))
const chosen = values.only ? files.filter(file => values.only.some(name => file.includes(name))) : files
if (chosen.length === 0) throw new Error(`--only: one of ${files.join(', ')}`)

installPeers()
buildPrograms()

const report = [heading()]
console.log(report[0])
for (const file of chosen) {
  const url = new URL(file, folder).href
  const { row } = await import(url)
  const text = rowReport(row, await runRow(url, row, values.quick))
  console.log(text)
  report.push(text)
}
if (!values.quick && !values.only)
  writeFileSync(fileURLToPath(new URL('RESULTS.md', import.meta.url)), report.join('\n'))

function heading() {
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const commit = git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '-uno') ? ' with changes' : '')
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `# Measured

Written by \`npm run bench\`. The sides of a row take turns in one run; a ratio is taken round by round. Compare ratios, not absolute values
of different runs: the machine's own speed drifts.

- commit ${commit}, ${new Date().toISOString().slice(0, 10)}${values.quick ? ', quick' : ''}
- ${os.cpus().length} × ${cpu.model.trim()}, ${memory} GiB, ${os.type()} ${os.release()}
- ${versions()}; our side runs on that same Node
`
}
