// Publishes target/pack/*.tgz in the order of order.json: platforms first, root last. What is there already is passed over,
// so a run that broke off can be started again. Signed in and given provenance by the workflow that calls it.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../target/pack/', import.meta.url))
const { version, tarballs } = JSON.parse(readFileSync(path.join(folder, 'order.json'), 'utf8'))

function npm(...args) {
  return spawnSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function packageName(tarball) {
  const stem = tarball.slice(0, -`-${version}.tgz`.length)
  return stem.startsWith('sluicegate-') ? stem.replace('sluicegate-', '@sluicegate/') : stem
}

for (const tarball of tarballs) {
  const name = packageName(tarball)
  if (npm('view', `${name}@${version}`, 'version').stdout.trim() === version) {
    console.log(`${name}@${version} is published already`)
    continue
  }
  const { status } = npm('publish', `./${tarball}`, '--provenance', '--access', 'public')
  if (status !== 0) throw new Error(`publishing ${name}@${version} failed; run again after mending the cause`)
  console.log(`${name}@${version} published`)
}
