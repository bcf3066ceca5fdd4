// `npm start`: shows on real programs what this package is for, and fails if something it says does not hold.
// Works with and without a terminal, changes nothing outside a temporary folder, and ends by itself.
import { isSupported } from 'sluicegate'
import * as gzipLines from './gzip-lines.mjs'
import * as kernelPipe from './kernel-pipe.mjs'
import { heading, live, say, summary } from './screen.mjs'
import * as sigkill from './sigkill.mjs'
import * as slowReader from './slow-reader.mjs'
import * as spawnDelay from './spawn-delay.mjs'
import { makeTextFile } from './text-file.mjs'

const LIMIT = 30_000
const parts = [slowReader, gzipLines, kernelPipe, spawnDelay, sigkill]

// A reader of ours that went away (`npm start | head`) ends the demo, and with it every child.
process.stdout.on('error', () => process.exit(1))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
setTimeout(() => {
  say(`not done after ${LIMIT / 1000} s`)
  process.exit(1)
}, LIMIT).unref()

const support = isSupported()
if (!support.process) {
  say(`Child processes can't be shown here: ${support.reason ?? 'unknown reason'}`)
  process.exit(1)
}

const started = performance.now()
live('writing and compressing a text file')
const files = await makeTextFile()
const claims = []
for (const [index, { title, linuxOnly, show }] of parts.entries()) {
  heading(`${index + 1}. ${title}`)
  if (linuxOnly && process.platform !== 'linux') {
    say('  Only on Linux: this part reads /proc.')
    claims.push({ claim: title, held: undefined, detail: 'only on Linux' })
    continue
  }
  try {
    const shown = await show(files)
    claims.push(...shown)
    for (const { claim, held, detail } of shown) say(`  ${held ? '✔' : '✘'} ${claim}: ${detail}`)
  } catch (error) {
    say(`  ✘ ${error.stack}`)
    claims.push({ claim: title, held: false, detail: error.message })
  }
}
summary(claims)
say(`  ${((performance.now() - started) / 1000).toFixed(1)} s`)
process.exitCode = claims.some(({ held }) => held === false) ? 1 : 0
