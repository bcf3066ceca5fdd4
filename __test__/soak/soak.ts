// One soak: sends the process into round after round, and after each looks from outside at what is left and how much it has.

import { ControlGroup } from '../helpers/control-group.ts'
import { startHousehold, type Household } from '../helpers/household.ts'
import { allProcesses, descendantsOf, type ProcessInfo } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'
import type { Round, RoundReport } from './actor.ts'
import { descriptorsOf, residentKilobytes, threadsOf } from './gauges.ts'
import { laterHalf, trendOf, type Sample, type Trend } from './slopes.ts'

export interface SoakOptions {
  readonly seed: number
  /** Names of operations; none means all. */
  readonly only?: readonly string[]
  readonly onSample?: (line: string) => void
}

export interface Series {
  readonly name: string
  readonly unit: string
  readonly first: number
  readonly last: number
  readonly trend: Trend
}

export interface Outcome {
  readonly minutes: number
  readonly operations: number
  readonly series: readonly Series[]
  /** What was not as it must be; empty if all is well. */
  readonly problems: readonly string[]
}

/** The C library gives each new thread memory of its own, which stays when the thread ends: with one for all, what rises is somebody's. */
const LINE = 'MALLOC_ARENA_MAX=1 exec "$0" "$@"'
const ROUND = 4000
/** Long enough for guards that have nothing to do any more to end, on a busy machine too. */
const PATIENCE = 20_000

/**
 * By name: its unit, and the least rise over the later half that means something. Of memory that is so much for each operation, since
 * compiled code and freed pieces settle for long: less than any object that an operation could leave behind.
 */
const GAUGES = {
  descriptors: ['', 0.5],
  threads: ['', 0.5],
  zombies: ['', 0.5],
  children: ['', 0.5],
  'resident memory': ['kB', 0.25],
  heap: ['kB', 0.05],
  'shepherd: descriptors': ['', 0.5],
  'shepherd: memory': ['kB', 0.01],
} as const satisfies Readonly<Record<string, readonly [unit: '' | 'kB', grain: number]>>

type Gauge = keyof typeof GAUGES

export class Soak {
  readonly #options: SoakOptions
  readonly #samples = new Map<Gauge, Sample[]>()
  readonly #problems: string[] = []
  #operations = 0

  constructor(options: SoakOptions) {
    this.#options = options
  }

  async run(milliseconds: number): Promise<Outcome> {
    const begun = performance.now()
    using group = ControlGroup.ifPossible()
    {
      const { seed, only = [] } = this.#options
      const args = [`--seed=${seed}`, ...only.map(name => `--only=${name}`)]
      if (group) args.push(`--cgroup=${group.path}`)
      await using household = startHousehold('../soak/actor.ts', { args, execArgv: ['--expose-gc'], line: LINE })
      do {
        await this.#round(household, performance.now() - begun)
      } while (performance.now() - begun < milliseconds && this.#problems.length === 0)
      await this.#end(household)
    }
    const leaves = group?.leaves() ?? []
    if (leaves.length > 0 && this.#problems.length === 0)
      this.#problems.push(`control groups are left: ${leaves.join(', ')}`)
    return {
      minutes: (performance.now() - begun) / 60_000,
      operations: this.#operations,
      series: this.#series(),
      problems: this.#problems,
    }
  }

  async #round(household: Household, at: number): Promise<void> {
    household.node.send({ milliseconds: ROUND } satisfies Round)
    const { operations, heapBytes, failure } = await household.node.message<RoundReport>()
    if (failure !== undefined) {
      this.#problems.push(failure)
      return
    }
    this.#operations = operations
    const left = await rest(household)
    this.#problems.push(...left.map(info => `left: ${describe(info)}`))
    const { pid } = household.node
    const shepherd = household.members().find(({ ppid }) => ppid === pid)?.pid ?? pid
    const values: Record<Gauge, number> = {
      descriptors: descriptorsOf(pid),
      threads: threadsOf(pid),
      zombies: left.filter(({ state }) => state === 'Z').length,
      children: left.filter(({ state }) => state !== 'Z').length,
      'resident memory': residentKilobytes(pid),
      heap: Math.round(heapBytes / 1024),
      'shepherd: descriptors': descriptorsOf(shepherd),
      'shepherd: memory': residentKilobytes(shepherd),
    }
    for (const gauge of Object.keys(GAUGES) as Gauge[]) {
      const samples = this.#samples.get(gauge) ?? []
      this.#samples.set(gauge, samples)
      samples.push({ at: at / 60_000, value: values[gauge] })
    }
    this.#options.onSample?.(
      `${operations} operations: ${Object.entries(values)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}`,
    )
  }

  /** With its channel gone nothing keeps the process, if it has nothing left to do; and nobody stays behind. */
  async #end(household: Household): Promise<void> {
    if (this.#problems.length > 0) return
    household.node.send({ milliseconds: 0 } satisfies Round)
    await household.diesOut(PATIENCE).catch((error: Error) => this.#problems.push(error.message))
    const { code, signal } = await household.node.exited
    if (code !== 0) this.#problems.push(`the process ended with ${code ?? signal}: ${household.node.stderr}`)
  }

  #series(): Series[] {
    return [...this.#samples].map(([name, samples]) => {
      const [unit, grain] = GAUGES[name]
      const [first, last] = [samples[0]?.value ?? 0, samples.at(-1)?.value ?? 0]
      const half = laterHalf(samples)
      const trend = trendOf(half, unit === '' ? grain : (grain * this.#operations * half.length) / samples.length)
      if (trend.isRising) this.#problems.push(`${name}: rises`)
      if (unit === '' && last > first) this.#problems.push(`${name}: ${last - first} more than after the first round`)
      return { name, unit, first, last, trend }
    })
  }
}

function describe({ pid, ppid, pgid, sid, state, commandLine, name }: ProcessInfo): string {
  return `${pid} (parent ${ppid}, group ${pgid}, session ${sid}, ${state}) ${commandLine || name}`
}

/** Waits until the process has nobody but its resident shepherd; gives whoever is there beside it in the end. */
async function rest(household: Household): Promise<ProcessInfo[]> {
  const { pid } = household.node
  let left: ProcessInfo[] = []
  await waitFor(
    () => {
      const zombies = descendantsOf(pid, allProcesses()).filter(({ state }) => state === 'Z')
      left = [...household.members().filter(({ ppid }) => ppid !== pid), ...zombies]
      return left.length === 0
    },
    { deadline: PATIENCE, interval: 50 },
  ).catch(() => undefined)
  return left
}
