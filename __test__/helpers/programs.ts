// Where the test programs of crates/testkit are, and what they write.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const packageRoot: string = fileURLToPath(new URL('../..', import.meta.url))

const targetFolder = path.resolve(packageRoot, process.env['CARGO_TARGET_DIR'] ?? 'target')

function program(name: string): string {
  const file = path.join(targetFolder, 'release', name)
  if (!existsSync(file)) throw new Error(`${file} is not built: npm run build:testkit`)
  return file
}

/** Usage is at the top of each `crates/testkit/src/bin/*.rs`. `stubborn` and `forker` print `ready <number>` first. */
export const flood: string = program('flood')
export const trickle: string = program('trickle')
export const stubborn: string = program('stubborn')
export const forker: string = program('forker')
export const echoServer: string = program('echo-server')
export const probe: string = program('probe')
export const masked: string = program('masked')

/** What `probe` prints. */
export interface Probe {
  readonly pid: number
  readonly ppid: number
  readonly pgid: number
  readonly sid: number
  /** The foreground group of the terminal on stdin; -1 without one. */
  readonly foreground: number
  readonly umask: number
  readonly uid: number
  readonly euid: number
  readonly gid: number
  readonly egid: number
  readonly nice: number
  readonly groups: readonly number[]
  /** The signal it gets when its parent dies; 0 is none. */
  readonly deathSignal: number
  /** The calls by which it could become root; all of them for root. */
  readonly regained: readonly string[]
  readonly SigBlk: string
  readonly SigIgn: string
  readonly SigCgt: string
  readonly NoNewPrivs: string
  readonly nonBlocking: readonly [boolean, boolean, boolean]
  /** Open descriptors with their /proc link. */
  readonly fds: Readonly<Record<string, string>>
  readonly cwd: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The bytes that `flood` and `trickle` write from `offset` on (without `--lines`). */
export function expectedBytes(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (offset + at) % 251)
}

/** The first place where `chunk`, read at `offset`, is not what `flood` wrote there; -1 if there is none. */
export function firstDifference(chunk: Uint8Array, offset: number): number {
  for (let at = 0, expected = offset % 251; at < chunk.length; at++) {
    if (chunk[at] !== expected) return offset + at
    expected = expected === 250 ? 0 : expected + 1
  }
  return -1
}

/** A file for `--counter`: reads how many bytes the program got rid of, even while it is blocked. */
export class Counter implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-counter-'))
  readonly file: string = path.join(this.#folder, 'count')

  get value(): number {
    if (!existsSync(this.file)) return 0
    const bytes = readFileSync(this.file)
    return bytes.length < 8 ? 0 : Number(bytes.readBigUInt64LE())
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
