// A process that publishes and processes over the journal on disk, killed again and again at moments nobody chose.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { startHousehold } from '../helpers/household.ts'
import { turns } from '../helpers/wait-for.ts'

const RING = 64

/** What the process says when it has opened the pipeline. */
interface Opened {
  readonly last: number
  /** The event that each processor goes on with. */
  readonly from: readonly number[]
}

/** One processor: the outputs of an event, and what stands in its file. */
interface Path {
  readonly name: string
  readonly outputs: (event: number) => number
  /** Where each life of the process began: the event, and the line of the file. */
  readonly lives: { readonly from: number; readonly line: number }[]
}

/**
 * Everything is there in the end. Each life of the process goes on in steps of one where the last one had published, so that only what was not
 * acknowledged and kept by then is repeated, a ring of it at most.
 */
export async function survivesCrashes(t: ExecutionContext, folder: string, rounds: number): Promise<void> {
  const paths: Path[] = [
    { name: 'one', outputs: () => 1, lives: [] },
    { name: 'three', outputs: event => (event % 3 === 0 ? 0 : 3), lives: [] },
  ]
  let known = 0
  for (let round = 1; round <= rounds; round++) {
    const counts = await Promise.all(paths.map(async ({ name }) => (await linesOf(folder, name)).length))
    await using household = startHousehold('crashing-pipeline.ts', { args: [folder] })
    t.is(await household.node.message<string>(), 'begins')
    // One of eight dies while it reads the journal and takes its epochs; the last one does not.
    if (Math.random() < 1 / 8 && round < rounds) await turns(Math.floor(Math.random() * 200))
    else {
      const { last, from } = await household.node.message<Opened>()
      t.true(last >= known, `event ${known} was published, and ${last} is the last one now`)
      for (const [i, { lives }] of paths.entries()) lives.push({ from: from[i] ?? 0, line: counts[i] ?? 0 })
      const more = round < rounds ? Math.floor(Math.random() * 100) : 2 * RING
      for (let n = 0; n <= more; n++) known = await household.node.message<number>()
    }
    household.node.process.kill('SIGKILL')
    await household.node.exited
  }
  for (const { name, outputs, lives } of paths) {
    const lines = await linesOf(folder, name)
    const places = new Set<string>()
    let reached = 0
    for (const [i, { from, line }] of lives.entries()) {
      // The next one may have begun and written nothing.
      const its = lines.slice(line, lives[i + 1]?.line)
      t.deepEqual(its, placesFrom(from, its.length, outputs), `${name}, life ${i + 1}`)
      t.deepEqual(placesFrom(reached + 1, Infinity, outputs, from - 1), [], `${name} went on at ${from}`)
      t.true(reached - from < RING, `${name} repeated ${reached - from + 1} events`)
      for (const place of its) places.add(place)
      reached = Math.max(reached, from - 1, Number(its.at(-1)?.split(' ')[0] ?? 0))
    }
    // The last life published more than a ring: what is a ring behind was done with.
    const least = placesFrom(1, Infinity, outputs, known - RING)
    t.deepEqual(
      least.filter(place => !places.has(place)),
      [],
    )
  }
}

/** Without the end of a line that a kill has cut. */
async function linesOf(folder: string, name: string): Promise<string[]> {
  const text = await readFile(path.join(folder, name), 'utf8').catch(() => '')
  return text.split('\n').slice(0, -1)
}

/** The places of so many outputs, from an event on. */
function placesFrom(from: number, count: number, outputs: (event: number) => number, last = Infinity): string[] {
  const places: string[] = []
  for (let event = from; event <= last && places.length < count; event++) {
    for (let index = 0; index < outputs(event) && places.length < count; index++) places.push(`${event} ${index}`)
  }
  return places
}
