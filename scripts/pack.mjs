// Packs what is published: the root package and a package per platform, into target/pack. Nothing is published here.
//   node scripts/pack.mjs                       this machine's platform, from the files at the package root
//   node scripts/pack.mjs --artifacts <folder>  every platform, from <folder>/<tag>/{sluicegate.<tag>.node,sluicegate-shepherd}
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = path.join(root, 'target', 'pack')
const shepherd = 'sluicegate-shepherd'
const { values: options } = parseArgs({ options: { artifacts: { type: 'string' } } })
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

/** What each platform package says it is for, so that a package manager installs one only. */
const platforms = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
}

/** [tag, folder of its two files] for each platform there is something to pack for. */
function sources() {
  const tags = Object.keys(platforms)
  if (options.artifacts === undefined) {
    const built = tags.filter(tag => existsSync(path.join(root, `sluicegate.${tag}.node`)))
    if (built.length === 0) throw new Error('nothing is built: npm run build')
    return built.map(tag => [tag, root])
  }
  const folder = path.resolve(options.artifacts)
  const missing = tags.filter(tag => !existsSync(path.join(folder, tag, `sluicegate.${tag}.node`)))
  if (missing.length > 0) throw new Error(`${folder} has no binaries for ${missing.join(', ')}`)
  return tags.map(tag => [tag, path.join(folder, tag)])
}

function emptyFolder(name) {
  const folder = path.join(out, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

function writeManifest(folder, content) {
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`)
}

function pack(folder) {
  const npm = process.env.npm_execpath
  const [program, first] = npm ? [process.execPath, [npm]] : ['npm', []]
  const args = [...first, 'pack', folder, '--pack-destination', out, '--ignore-scripts', '--silent']
  return path.join(out, execFileSync(program, args, { cwd: out, encoding: 'utf8' }).trim().split('\n').at(-1))
}

function packPlatform([tag, from]) {
  const folder = emptyFolder(tag)
  const addon = `sluicegate.${tag}.node`
  copyFileSync(path.join(from, addon), path.join(folder, addon))
  copyFileSync(path.join(from, shepherd), path.join(folder, shepherd))
  // Artifact stores drop modes; a shepherd without this bit can't start anything.
  chmodSync(path.join(folder, shepherd), 0o755)
  copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'))
  writeFileSync(
    path.join(folder, 'README.md'),
    `# @sluicegate/${tag}\n\nThe native part of [sluicegate](https://www.npmjs.com/package/sluicegate) for ${tag}. Install \`sluicegate\`, not this.\n`,
  )
  const { version, description, license, author, engines, repository } = manifest
  writeManifest(folder, {
    name: `@sluicegate/${tag}`,
    version,
    description: `${description} (native part, ${tag})`,
    license,
    author,
    repository,
    engines,
    ...platforms[tag],
    main: addon,
    files: [addon, shepherd],
    publishConfig: { access: 'public' },
  })
  return pack(folder)
}

function packRoot(tags) {
  const folder = emptyFolder('root')
  for (const name of [...manifest.files, 'README.md', 'LICENSE']) {
    const from = path.join(root, name)
    if (!existsSync(from)) throw new Error(`${name} is missing: it belongs into the package`)
    cpSync(from, path.join(folder, name), { recursive: true })
  }
  const { scripts: _scripts, devDependencies: _devDependencies, ...published } = manifest
  // Added here and not in the committed manifest, where lock files would name versions that don't exist yet.
  published.optionalDependencies = Object.fromEntries(tags.map(tag => [`@sluicegate/${tag}`, manifest.version]))
  writeManifest(folder, published)
  return pack(folder)
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const found = sources()
const platformTarballs = found.map(packPlatform)
const rootTarball = packRoot(found.map(([tag]) => tag))
for (const name of readdirSync(out).filter(entry => !entry.endsWith('.tgz')))
  rmSync(path.join(out, name), { recursive: true })
// In the order of publishing: the root last, when everything it names is there.
const tarballs = [...platformTarballs, rootTarball].map(file => path.basename(file))
writeFileSync(path.join(out, 'order.json'), `${JSON.stringify({ version: manifest.version, tarballs }, null, 2)}\n`)
console.log(tarballs.map(name => `packed target/pack/${name}`).join('\n'))
