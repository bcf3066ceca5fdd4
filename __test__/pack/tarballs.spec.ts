// What is in the tarballs: exactly what a user needs, the shepherd executable, nothing that runs at installation.

import test from 'ava'
import { filesOf, manifestOf, platformTarball, rootTarball } from '../helpers/tarballs.ts'

test('the platform package is the addon and an executable shepherd', t => {
  const files = filesOf(platformTarball)
  const names = files.map(({ name }) => name).sort()
  const addon = names.find(name => name.endsWith('.node')) ?? ''
  t.deepEqual(names, ['LICENSE', 'README.md', 'package.json', 'sluicegate-shepherd', addon].sort())
  t.is(files.find(({ name }) => name === 'sluicegate-shepherd')?.mode, '-rwxr-xr-x')
  const sizes = Object.fromEntries(files.map(({ name, size }) => [name, size]))
  t.log(sizes)
  t.true((sizes[addon] ?? Infinity) < 4_000_000, `the addon has ${sizes[addon]} bytes`)
  t.true(
    (sizes['sluicegate-shepherd'] ?? Infinity) < 2_000_000,
    `the shepherd has ${sizes['sluicegate-shepherd']} bytes`,
  )
})

test('the root package is code, types and the sources their maps name', t => {
  const names = filesOf(rootTarball).map(({ name }) => name)
  const expected = [
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'index.ts',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/src/process/index.js',
  ]
  t.deepEqual(
    expected.filter(name => !names.includes(name)),
    [],
  )
  t.deepEqual(
    names.filter(name => !expected.includes(name) && !/^(?:dist|src)\/.+\.(?:js|ts|map)$/u.test(name)),
    [],
  )
  const total = filesOf(rootTarball).reduce((sum, { size }) => sum + size, 0)
  t.true(total < 4_500_000, `${total} bytes unpacked`)
})

test('nothing runs at installation and nothing else is installed', t => {
  for (const tarball of [rootTarball, platformTarball]) {
    const manifest = manifestOf(tarball)
    t.deepEqual(
      ['scripts', 'dependencies', 'devDependencies', 'bundleDependencies'].filter(key => key in manifest),
      [],
    )
  }
  const { version, optionalDependencies, peerDependencies = {}, peerDependenciesMeta } = manifestOf(rootTarball)
  t.true(Object.keys(peerDependencies).every(peer => peerDependenciesMeta?.[peer]?.optional === true))
  const { name, version: platformVersion } = manifestOf(platformTarball)
  t.is(platformVersion, version)
  t.is(optionalDependencies?.[name], version)
})

test('every path that exports names is in the tarball', t => {
  const names = new Set(filesOf(rootTarball).map(({ name }) => `./${name}`))
  const targets = JSON.stringify(manifestOf(rootTarball).exports).match(/\.\/[^"]+\.(?:json|js|ts)/gu) ?? []
  t.true(targets.length >= 5)
  t.deepEqual(
    targets.filter(target => target !== './process' && !names.has(target)),
    [],
  )
})
