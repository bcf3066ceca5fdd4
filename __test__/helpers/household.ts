// A second Node process together with everything below it: its descendants, and whoever carries the mark it was started with.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { NodeChild } from './children.ts'
import { allProcesses, descendantsOf, hasEnvironment, isAlive, type ProcessInfo } from './processes.ts'
import { packageRoot } from './programs.ts'
import { waitFor } from './wait-for.ts'

const MARK = 'SLUICEGATE_HOUSEHOLD'

/** What a death may take longer than the patience it was told. */
const GRACE = 500

export class Household implements AsyncDisposable {
  readonly node: NodeChild
  readonly #mark: string
  /** When each began, by its number, which somebody else may have got since. */
  readonly #known = new Map<number, number>()

  constructor(node: NodeChild, mark: string) {
    this.node = node
    this.#mark = mark
  }

  /** Whoever is below the Node process or carries its mark, or was and did at an earlier look. Without Node, without zombies. */
  members(): ProcessInfo[] {
    const all = allProcesses()
    const marked = all.filter(({ pid }) => hasEnvironment(pid, MARK, this.#mark))
    for (const { pid, began } of [...descendantsOf(this.node.pid, all), ...marked]) this.#known.set(pid, began)
    this.#known.delete(this.node.pid)
    return all.filter(({ pid, began, state }) => this.#known.get(pid) === began && state !== 'Z' && state !== 'X')
  }

  /** Those members that run a program whose words begin so: keepers are forks and show the shepherd's. */
  named(start: string): ProcessInfo[] {
    return this.members().filter(({ commandLine }) => commandLine.startsWith(start))
  }

  /** Resolves when Node is gone and, `patience` and a grace later at the most, all the others. Throws with their list. */
  async diesOut(patience: number): Promise<void> {
    await waitFor(() => !isAlive(this.node.pid), { deadline: 20_000, what: 'the death of the second Node process' })
    let left: ProcessInfo[] = []
    await waitFor(() => (left = this.members()).length === 0, {
      deadline: patience + GRACE,
      what: () =>
        `the end of:\n${left.map(({ pid, state, commandLine }) => `${pid} ${state} ${commandLine}`).join('\n')}`,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.members()
    await this.node[Symbol.asyncDispose]()
    for (const { pid } of [...left, ...this.members()]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  }
}

export interface HouseholdOptions {
  readonly args?: readonly string[]
  readonly execArgv?: readonly string[]
  /** The shell's line that starts Node, which is `"$0" "$@"`. */
  readonly line?: string
}

/** Starts a file of `__test__/fixtures` by its name, from a shell that it replaces unless the line says otherwise. */
export function startHousehold(fixture: string, options: HouseholdOptions = {}): Household {
  const { args = [], execArgv = [], line = 'exec "$0" "$@"' } = options
  const mark = randomUUID()
  const file = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
  const words = [process.execPath, '--import=@oxc-node/core/register', ...execArgv, file, ...args]
  const child = spawn('sh', ['-c', line, ...words], {
    cwd: packageRoot,
    env: { ...process.env, [MARK]: mark },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  })
  return new Household(new NodeChild(child), mark)
}
