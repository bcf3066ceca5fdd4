// Counts what the test commands run: a spec outside every pattern would never fail.

import test from 'ava'
import { fileExists, readSource, sourcesIn } from '../helpers/sources.ts'

const specs = sourcesIn('__test__', '.spec.ts').map(({ file }) => file)
const groups = ['serial', 'stress', 'pack']

test('the ordinary pattern takes all specs but the groups with a command of their own', t => {
  const ordinary = readSource('ava.config.js').text
  t.true(ordinary.includes(`files: ['__test__/**/*.spec.ts', '!__test__/{${groups.join(',')}}/**']`))
  for (const group of groups) {
    t.true(readSource(`ava.${group}.config.js`).text.includes(`__test__/${group}/**/*.spec.ts`))
    const scripts = (JSON.parse(readSource('package.json').text) as { scripts: Record<string, string> }).scripts
    t.true(
      Object.values(scripts).some(line => line.includes(`ava.${group}.config.js`)),
      group,
    )
  }
})

test('no spec lies where ava does not look, and no test file lacks the ending', t => {
  const passedOver = /\/(?:_[^/]*|helpers|fixtures|node_modules)\//u
  t.deepEqual(
    specs.filter(file => passedOver.test(file.replace('__test__/', ''))),
    [],
  )
  const strays = sourcesIn('__test__', '.ts').filter(
    ({ file, text }) => !file.endsWith('.spec.ts') && /^import (?:test|anyTest) from 'ava'/mu.test(text),
  )
  t.deepEqual(
    strays.map(({ file }) => file),
    [],
  )
  t.true(specs.length >= 3)
})

test('specs wait for states, not for time', t => {
  const waiting = sourcesIn('__test__', '.spec.ts').filter(({ text }) =>
    /\bsetTimeout[(]|from 'node:timer[s]|\bsleep[(]/u.test(text),
  )
  t.deepEqual(
    waiting.map(({ file }) => file),
    [],
  )
  t.true(fileExists('__test__/helpers/wait-for.ts'))
})

test('the lock files name no registry but the public index', t => {
  const sources = new Set(readSource('Cargo.lock').text.match(/^source = .*$/gmu))
  t.deepEqual([...sources], ['source = "registry+https://github.com/rust-lang/crates.io-index"'])
  t.notRegex(readSource('package-lock.json').text, /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/u)
})

test('the wall clock dates events, and measures nothing', t => {
  const clocks = /\bDate\.now\b|\bnew Date\b|\bSystemTime\b|CLOCK_REALTIME/u
  const lines = [...sourcesIn('src', '.ts'), ...sourcesIn('crates', '.rs')]
    .filter(({ file }) => !/\/tests\//u.test(file))
    .flatMap(({ file, text }) => text.split('\n').map(line => ({ file, line })))
    .filter(({ file, line }) => clocks.test(line) && file !== 'src/observe/inspector-page.ts')
  t.true(lines.length > 0)
  t.deepEqual(
    lines.filter(({ line }) => !/\bat: Date\.now\(\)|At = Date\.now\(\)/u.test(line)),
    [],
  )
})
