// Holds the documents to the tree: what they link to and what they name is there, and every part of the sources has its place.

import path from 'node:path'
import test from 'ava'
import { fileExists, foldersIn, readSource, sourcesIn, type Source } from '../helpers/sources.ts'

const documents: Source[] = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md'].map(file => readSource(file)),
  ...sourcesIn('docs', '.md'),
]

/** As GitHub makes them: lower case, marks gone, spaces to hyphens. */
function anchorsIn(file: string): string[] {
  return [...readSource(file).text.matchAll(/^#+ (?<title>.*)$/gmu)].map(match =>
    (match.groups?.['title'] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function linksIn({ text }: Source): string[] {
  return [...text.matchAll(/\]\((?<target>[^)\s]+)\)/gu)].map(match => match.groups?.['target'] ?? '')
}

test('every relative link leads to a file, and its fragment to a heading', t => {
  const broken: string[] = []
  for (const document of documents) {
    for (const link of linksIn(document).filter(target => !/^[a-z]+:/u.test(target))) {
      const [target = '', fragment] = link.split('#')
      const file = target === '' ? document.file : path.posix.join(path.posix.dirname(document.file), target)
      if (!fileExists(file)) broken.push(`${document.file}: ${link}`)
      else if (fragment !== undefined && !anchorsIn(file).includes(fragment)) broken.push(`${document.file}: ${link}`)
    }
  }
  t.deepEqual(broken, [])
})

test('every file that is named in code marks is there', t => {
  const names = /`(?<file>(?:__test__|bench|crates|docs|examples|scripts|src|\.github|\.ci)\/[\w./-]+)`/gu
  // Written by a command; and groups of specs may be empty.
  const written = new Set(['bench/RESULTS.md'])
  const missing = documents.flatMap(({ file, text }) =>
    [...text.matchAll(names)]
      .map(match => match.groups?.['file'] ?? '')
      .filter(name => !written.has(name) && !/^__test__\/\w+$/u.test(name) && !fileExists(name))
      .map(name => `${file}: ${name}`),
  )
  t.deepEqual(missing, [])
})

test('each guarantee names what proves it, and each spec of a death or a stream proves one', t => {
  const { text } = readSource('docs/guarantees.md')
  const rows = text.split('\n').filter(line => line.startsWith('|') && !/^\| (?:-|guarantee )/u.test(line))
  t.true(rows.length > 30)
  t.deepEqual(
    rows.filter(row => !/`(?:__test__|crates)\/[^`]+`/u.test(row)),
    [],
  )
  const specs = ['serial', 'streams'].flatMap(folder => sourcesIn(`__test__/${folder}`, '.spec.ts'))
  t.deepEqual(
    specs.map(({ file }) => file).filter(file => !text.includes(file)),
    [],
  )
})

test('every crate and every part of src has its place in ARCHITECTURE.md', t => {
  const { text } = readSource('ARCHITECTURE.md')
  const parts = [
    ...foldersIn('crates').map(name => `crates/${name}`),
    ...sourcesIn('src', '.ts').map(({ file }) => (file.split('/').length === 2 ? file : path.posix.dirname(file))),
  ]
  t.deepEqual(
    [...new Set(parts)].filter(part => !text.includes(`\`${part}\``)),
    [],
  )
})

test('the commands that the documents name are scripts of the package', t => {
  const { scripts } = JSON.parse(readSource('package.json').text) as { scripts: Record<string, string> }
  const named = documents.flatMap(({ text }) => [...text.matchAll(/npm run (?<name>[\w:-]+)/gu)])
  t.deepEqual(
    [...new Set(named.map(match => match.groups?.['name'] ?? ''))].filter(name => !(name in scripts)),
    [],
  )
})
