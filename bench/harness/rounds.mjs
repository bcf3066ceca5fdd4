// Runs a row: the sides of a part live at the same time and take turns, so that a slow minute of the machine hits all of them alike.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { runtimes } from './peers.mjs'

const SITE = fileURLToPath(new URL('site.mjs', import.meta.url))

/** Gives `{ side: { metric: [value of each round] } }`. */
export async function runRow(file, row, isQuick) {
  const samples = {}
  const names = Object.keys(row.sides)
  for (const part of row.parts ?? [names]) {
    const sites = []
    try {
      for (const name of part) sites.push(await openSite(file, name, row.sides[name].runtime ?? 'node', isQuick))
      const rounds = isQuick ? (row.quickRounds ?? 3) : (row.rounds ?? 9)
      // The first round warms up and is not counted.
      for (let round = row.isWarm ? 0 : -1; round < rounds; round++) {
        const order = round % 2 === 0 ? sites : [...sites].reverse()
        for (const site of order) {
          const values = await site.measure()
          if (round >= 0) keep((samples[site.name] ??= {}), values)
        }
      }
    } finally {
      for (const site of sites) site.end()
    }
  }
  return samples
}

function keep(of, values) {
  for (const [metric, value] of Object.entries(values)) (of[metric] ??= []).push(value)
}

async function openSite(file, name, runtime, isQuick) {
  const size = isQuick ? 'quick' : 'full'
  const site = spawn(runtimes[runtime], [SITE, file, name, size], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: site.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { done, value } = await answers.next()
    if (done) throw new Error(`the side "${name}" ended in the middle`)
    const values = JSON.parse(value)
    if (values.error) throw new Error(`the side "${name}" failed: ${values.error}`)
    return values
  }
  await next()
  return {
    name,
    measure: () => {
      site.stdin.write('.')
      return next()
    },
    end: () => site.stdin.end(),
  }
}
