// A group of the unified hierarchy for one spec: mounts it in a folder of its own, which takes root, and leaves nothing of it.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}

/** Whoever is in it dies, which takes a moment. */
function remove(group: string): void {
  writeFileSync(path.join(group, 'cgroup.kill'), '1')
  for (let tries = 200; ; tries--) {
    try {
      rmdirSync(group)
      return
    } catch (error) {
      if (tries === 0) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

export class ControlGroup implements Disposable {
  readonly #mount = mkdtempSync(path.join(tmpdir(), 'sluicegate-cgroup-'))
  readonly path: string

  constructor() {
    must('mount', '-t', 'cgroup2', 'none', this.#mount)
    this.path = path.join(this.#mount, path.basename(this.#mount))
    mkdirSync(this.path)
  }

  /** Undefined where a hierarchy can't be mounted. */
  static ifPossible(): ControlGroup | undefined {
    try {
      return new ControlGroup()
    } catch {
      return undefined
    }
  }

  /** The groups below, by name. */
  leaves(): string[] {
    const entries = readdirSync(this.path, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  }

  members(leaf: string): number[] {
    return readFileSync(path.join(this.path, leaf, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(Number)
  }

  /** The same group where nothing can be written. */
  readOnly(): Disposable & { readonly path: string } {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-cgroup-ro-'))
    must('mount', '--bind', this.path, folder)
    must('mount', '-o', 'remount,bind,ro', folder)
    return {
      path: folder,
      [Symbol.dispose]() {
        must('umount', folder)
        rmdirSync(folder)
      },
    }
  }

  [Symbol.dispose](): void {
    for (const leaf of this.leaves()) remove(path.join(this.path, leaf))
    remove(this.path)
    must('umount', this.#mount)
    rmdirSync(this.#mount)
  }
}
