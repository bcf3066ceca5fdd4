// Lines of 64 bytes: as batches and one by one, against readline, execa and tinyexec.
import { spawn as spawnPeer } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { peer, program } from '../harness/peers.mjs'
import { ours } from '../harness/spawn-once.mjs'

const LINE = `${'x'.repeat(63)}\n`
const count = isQuick => (isQuick ? 2_000_000 : 4_000_000)
const file = 'cat'

/** `cat` of a file that the kernel has in memory: nothing that makes up lines is as fast. */
function args(lines) {
  const path = program(`../bench-lines-${lines}.txt`)
  if (!existsSync(path)) writeFileSync(path, LINE.repeat(lines))
  return [path]
}

/** Million lines a second, from the first to the last. `consume` fulfils with how many came. */
async function rate(lines, consume) {
  let began = 0
  const came = await consume(() => (began ||= performance.now()))
  if (came !== lines) throw new Error(`${came} lines came, and not ${lines}`)
  return { 'million lines/s': came / 1000 / (performance.now() - began) }
}

const side = (open, consume, scale = 1) => ({
  open,
  measure: (quick, state) => rate(count(quick) / scale, first => consume(args(count(quick) / scale), first, state)),
})

async function each(lines, first) {
  let came = 0
  for await (const line of lines) {
    if (came === 0) first()
    if (line.length > 0) came++
  }
  return came
}

export const row = {
  title: 'Lines of 64 bytes',
  sides: {
    batches: side(ours, async (args, first, { spawn }) => {
      const child = await spawn(file, args)
      let came = 0
      for await (const batch of child.stdout.lines().batches()) {
        if (came === 0) first()
        came += batch.length
      }
      return came
    }),
    'one by one': side(ours, async (args, first, { spawn }) => {
      const child = await spawn(file, args)
      return await each(child.stdout.lines(), first)
    }),
    "readline, on('line')": side(
      undefined,
      (args, first) =>
        new Promise(resolve => {
          const child = spawnPeer(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
          let came = 0
          const lines = createInterface({ input: child.stdout, crlfDelay: Infinity })
          lines.on('line', line => {
            if (came === 0) first()
            if (line.length > 0) came++
          })
          lines.on('close', () => resolve(came))
        }),
    ),
    'readline, for await': side(
      undefined,
      (args, first) => {
        const child = spawnPeer(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
        return each(createInterface({ input: child.stdout, crlfDelay: Infinity }), first)
      },
      2,
    ),
    execa: side(
      () => peer('execa'),
      async (args, first, { execa }) => {
        return await each(execa(file, args, { buffer: false }), first)
      },
      4,
    ),
    tinyexec: side(
      () => peer('tinyexec'),
      async (args, first, { x }) => await each(x(file, args), first),
      2,
    ),
  },
  claims: [
    { metric: 'million lines/s', side: 'batches', against: "readline, on('line')", atLeast: 3 },
    { metric: 'million lines/s', side: 'batches', against: 'execa', atLeast: 10 },
    { metric: 'million lines/s', side: 'batches', against: 'readline, for await', atLeast: 3 },
    { metric: 'million lines/s', side: 'one by one', against: "readline, on('line')", atLeast: 1.5 },
    { metric: 'million lines/s', side: 'one by one', against: 'readline, for await', atLeast: 1.5 },
  ],
}
