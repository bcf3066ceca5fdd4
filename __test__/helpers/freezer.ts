// A group of the first hierarchy's freezer: who is frozen in it does not even die of SIGKILL until it is thawed.

import { accessSync, constants, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { waitFor } from './wait-for.ts'

const ROOT = '/sys/fs/cgroup/freezer'

export function hasFreezer(): boolean {
  try {
    accessSync(path.join(ROOT, 'cgroup.procs'), constants.W_OK)
    return true
  } catch {
    return false
  }
}

export class Freezer implements AsyncDisposable {
  readonly #group = mkdtempSync(path.join(ROOT, 'sluicegate-'))

  async freeze(pid: number): Promise<void> {
    writeFileSync(path.join(this.#group, 'cgroup.procs'), String(pid))
    await this.#turn('FROZEN')
  }

  async thaw(): Promise<void> {
    await this.#turn('THAWED')
  }

  /** Once nobody is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.thaw()
    const members = (): string => readFileSync(path.join(this.#group, 'cgroup.procs'), 'utf8')
    await waitFor(() => members() === '', { what: () => `an empty group without ${members()}` })
    rmdirSync(this.#group)
  }

  async #turn(state: 'FROZEN' | 'THAWED'): Promise<void> {
    const file = path.join(this.#group, 'freezer.state')
    writeFileSync(file, state)
    await waitFor(() => readFileSync(file, 'utf8').trim() === state)
  }
}
