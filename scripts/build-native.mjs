// Builds the addon and the shepherd and lays them side by side at the package root, where src/native looks first.
//   SLUICEGATE_FEATURES  cargo features, separated by spaces, for the crates that have them (tests use "faults")
//   SLUICEGATE_TARGET    a Rust target other than this machine's
//   SLUICEGATE_CARGO     the subcommand in place of "build": "zigbuild" for a fixed glibc or for musl
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const {
  SLUICEGATE_FEATURES: features = '',
  SLUICEGATE_TARGET: target = '',
  SLUICEGATE_CARGO: subcommand = 'build',
} = process.env

const tags = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'x86_64-unknown-linux-musl': 'linux-x64-musl',
  'aarch64-unknown-linux-musl': 'linux-arm64-musl',
  'x86_64-alpine-linux-musl': 'linux-x64-musl',
  'aarch64-alpine-linux-musl': 'linux-arm64-musl',
  'x86_64-apple-darwin': 'darwin-x64',
  'aarch64-apple-darwin': 'darwin-arm64',
}

/** Standard error is shown as it comes, standard output is given back. */
function output(program, args, env = {}) {
  const { status, error, stdout } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: Infinity,
  })
  if (error) throw new Error(`could not start ${program} (is Rust installed?): ${error.message}`)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with status ${status}`)
  return stdout
}

/** The asked-for features that the crate has. */
function featuresOf(crate) {
  const manifest = readFileSync(path.join(root, 'crates', crate, 'Cargo.toml'), 'utf8')
  const section = /^\[features\]\n(?<body>[^[]*)/mu.exec(manifest)?.groups.body ?? ''
  const known = features.split(/\s+/u).filter(name => name && new RegExp(`^${name}\\s*=`, 'mu').test(section))
  return known.length > 0 ? ['--features', known.join(',')] : []
}

/** Builds one crate and gives the path of the file that `isWanted` picks, as cargo itself names it. */
function build(crate, isWanted, env) {
  const args = [
    subcommand,
    '--release',
    '--package',
    `sluicegate-${crate}`,
    '--message-format',
    'json-render-diagnostics',
  ]
  const messages = output('cargo', [...args, ...(target ? ['--target', target] : []), ...featuresOf(crate)], env)
  const artifacts = messages
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
    .filter(({ reason }) => reason === 'compiler-artifact')
  const files = artifacts.filter(isWanted).flatMap(({ filenames }) => filenames)
  const file = files.find(name => !name.endsWith('.dSYM') && !name.endsWith('.pdb'))
  if (file === undefined) throw new Error(`cargo named no file for ${crate}`)
  return file
}

/** Replaced by name, never overwritten in place: a running program keeps its old file. */
function place(built, name) {
  const fresh = path.join(root, `${name}.${process.pid}`)
  try {
    copyFileSync(built, fresh)
    chmodSync(fresh, 0o755)
    renameSync(fresh, path.join(root, name))
  } finally {
    rmSync(fresh, { force: true })
  }
}

function buildFor(triple) {
  // A glibc version may follow the target's name for zigbuild: x86_64-unknown-linux-gnu.2.17.
  const tag = tags[triple.replace(/\.\d.*$/u, '')]
  if (!tag) throw new Error(`sluicegate has no native part for ${triple}`)
  // On musl a shared library must be asked for; the shepherd stays static there.
  const env = tag.endsWith('musl') ? { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static` } : {}
  const addon = build('binding', ({ target: { kind } }) => kind.includes('cdylib') && !kind.includes('proc-macro'), env)
  const shepherd = build(
    'shepherd',
    ({ target: { name, kind } }) => kind.includes('bin') && name === 'sluicegate-shepherd',
  )
  place(addon, `sluicegate.${tag}.node`)
  place(shepherd, 'sluicegate-shepherd')
}

if (process.platform === 'win32' && !target) {
  console.log('sluicegate has no native part for Windows: building TypeScript only')
} else {
  buildFor(target || /^host: (?<host>.+)$/mu.exec(output('rustc', ['-vV'])).groups.host)
}
