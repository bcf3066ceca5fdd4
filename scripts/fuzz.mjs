// Looks for bytes that break a decoder, for as long as it is told: `npm run fuzz -- [--seconds 60] [--only NAME] [--keep]`.
// Frames and segments are made up by libFuzzer, guided by what they reach in code that the compiler has given counters; it needs
// nothing but the stable toolchain and a C++ compiler. Lines and options are made up by fast-check. What breaks something lies in
// target/fuzz afterwards, and `--keep` makes what was worth finding part of the corpus that `cargo test` replays.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = path.join(root, 'target', 'fuzz')
const { seconds, only, keep } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, only: { type: 'string' }, keep: { type: 'boolean' } },
}).values
if (!(Number(seconds) > 0)) throw new Error(`--seconds must be a number of seconds, not ${seconds}`)

/** The longest input of each target that is kept: the corpus is to be read by people too. */
const targets = { frames: 64, segments: 48 }
const specs = {
  lines: ['__test__/bytes/lines.spec.ts', '__test__/streams/any-lines.spec.ts'],
  writes: ['__test__/streams/any-writes.spec.ts'],
  options: ['__test__/process/any-options.spec.ts'],
}

/** What cargo-fuzz asks for, but for the sanitizers, which are not stable: safe code panics instead. */
const counters = [
  '-Cpasses=sancov-module',
  ...['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares'].map(
    option => `-Cllvm-args=-sanitizer-coverage-${option}`,
  ),
  '-Cdebug-assertions',
  '-Coverflow-checks',
]

function run(program, args, env = {}) {
  console.log(`> ${[path.relative(root, program) || program, ...args].join(' ')}`)
  const { status, error } = spawnSync(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`${path.basename(program)} ended with status ${status}`)
}

function host() {
  const { stdout } = spawnSync('rustc', ['-vV'], { encoding: 'utf8' })
  return /^host: (?<triple>.*)$/mu.exec(stdout).groups.triple
}

function emptied(...names) {
  const folder = path.join(work, ...names)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

function fuzz(target, triple) {
  const corpus = path.join(root, 'crates', 'fuzz', 'corpus', `${target}.hex`)
  const program = path.join(work, triple, 'release', `fuzz-${target}`)
  const seeds = emptied(target, 'seeds')
  const lines = readFileSync(corpus, 'utf8').split('\n')
  for (const [at, line] of lines.entries()) writeFileSync(path.join(seeds, `${at}`), Buffer.from(line, 'hex'))
  const found = path.join(work, target, 'found')
  mkdirSync(found, { recursive: true })
  run(program, [
    found,
    seeds,
    `-max_total_time=${seconds}`,
    '-max_len=4096',
    '-print_final_stats=1',
    `-artifact_prefix=${work}/${target}/`,
  ])
  if (!keep) return
  const kept = emptied(target, 'kept')
  run(program, [kept, seeds, found, '-set_cover_merge=1', `-max_len=${targets[target]}`])
  const all = readdirSync(kept).map(name => readFileSync(path.join(kept, name)).toString('hex'))
  writeFileSync(corpus, [...new Set([...lines.filter(Boolean), ...all])].map(line => `${line}\n`).join(''))
}

const wanted = name => only === undefined || only === name
const native = Object.keys(targets).filter(wanted)
if (native.length > 0) {
  // Given a target, cargo leaves build scripts, which have no use for counters, as they are.
  const triple = host()
  const args = ['build', '--release', '--package', 'sluicegate-fuzz', '--bins', '--features', 'libfuzzer']
  const quick = ['--config', 'profile.release.lto=false', '--config', 'profile.release.codegen-units=16']
  run('cargo', [...args, ...quick, '--target', triple], { CARGO_TARGET_DIR: work, RUSTFLAGS: counters.join(' ') })
  for (const target of native) fuzz(target, triple)
}
for (const [name, files] of Object.entries(specs)) {
  if (!wanted(name)) continue
  run('npx', ['ava', `--timeout=${Number(seconds) + 120}s`, ...files], { SLUICEGATE_FUZZ_SECONDS: seconds })
}
