// Brings Bun and Deno into target/runtimes, so that the pack specs can try the package there. Their npm packages hold the
// executable itself; no install script runs.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = {
  'linux-x64': ['@oven/bun-linux-x64@1', '@deno/linux-x64-glibc@2'],
  'linux-arm64': ['@oven/bun-linux-aarch64@1', '@deno/linux-arm64-glibc@2'],
  'darwin-x64': ['@oven/bun-darwin-x64@1', '@deno/darwin-x64@2'],
  'darwin-arm64': ['@oven/bun-darwin-aarch64@1', '@deno/darwin-arm64@2'],
}[`${process.platform}-${process.arch}`]
if (!packages) throw new Error(`no Bun and Deno known for ${process.platform}-${process.arch}`)

const folder = path.join(fileURLToPath(new URL('..', import.meta.url)), 'target', 'runtimes')
mkdirSync(folder, { recursive: true })
writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
  cwd: folder,
  stdio: 'inherit',
})
