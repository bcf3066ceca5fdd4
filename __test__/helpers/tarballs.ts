// The tarballs that scripts/pack.mjs left in target/pack, and a folder in which they are installed as a user would.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../target/pack/', import.meta.url))
const order = JSON.parse(readFileSync(path.join(folder, 'order.json'), 'utf8')) as { tarballs: string[] }

function tarball(at: number): string {
  const name = order.tarballs.at(at)
  if (name === undefined) throw new Error('target/pack is empty: node scripts/pack.mjs')
  return path.join(folder, name)
}

export const platformTarball: string = tarball(0)
export const rootTarball: string = tarball(-1)

export interface PackedFile {
  readonly name: string
  readonly mode: string
  readonly size: number
}

export interface PackedManifest {
  readonly name: string
  readonly version: string
  readonly exports: unknown
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>
}

export function filesOf(file: string): PackedFile[] {
  const listing = execFileSync('tar', ['-tvzf', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  return listing
    .trim()
    .split('\n')
    .map(line => {
      const [mode = '', , size = '', ...rest] = line.split(/\s+/u)
      return { mode, size: Number(size), name: (rest.at(-1) ?? '').replace(/^package\//u, '') }
    })
}

export function manifestOf(file: string): PackedManifest {
  const text = execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' })
  return JSON.parse(text) as PackedManifest
}

/** An application with both tarballs in its node_modules, under a path with a space. */
export class InstalledApplication implements Disposable {
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'sluicegate application '))

  constructor() {
    writeFileSync(path.join(this.folder, 'package.json'), '{ "private": true }\n')
    const options = ['--ignore-scripts', '--offline', '--no-audit', '--no-fund', '--silent']
    execFileSync('npm', ['install', ...options, platformTarball, rootTarball], { cwd: this.folder, stdio: 'pipe' })
  }

  /** Writes a program beside the package's node_modules and gives its path. */
  write(name: string, text: string): string {
    const file = path.join(this.folder, name)
    writeFileSync(file, text)
    return file
  }

  run(program: string, args: readonly string[]): string {
    return execFileSync(program, args, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Where scripts/runtimes.mjs put a runtime's executable, if it ran. */
export function runtime(name: 'bun' | 'deno'): string | undefined {
  const packages = fileURLToPath(new URL('../../target/runtimes/node_modules/', import.meta.url))
  const places = {
    bun: ['linux-x64', 'linux-aarch64', 'darwin-x64', 'darwin-aarch64'].map(tag => `@oven/bun-${tag}/bin/bun`),
    deno: ['linux-x64-glibc', 'linux-arm64-glibc', 'darwin-x64', 'darwin-arm64'].map(tag => `@deno/${tag}/deno`),
  }
  return places[name].map(place => path.join(packages, place)).find(file => existsSync(file))
}
