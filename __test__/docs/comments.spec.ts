// Everything the package exports says what it does, and each function shows it once.

import test from 'ava'
import * as root from '../../index.ts'
import * as cluster from '../../src/cluster/index.ts'
import { readSource, sourcesIn } from '../helpers/sources.ts'

const sources = sourcesIn('src', '.ts')

/** Names that an index re-exports, types too. */
function exportedNames(file: string): string[] {
  const blocks = [...readSource(file).text.matchAll(/^export (?:type )?\{(?<names>[^}]*)\}/gmu)]
  return blocks
    .flatMap(match => (match.groups?.['names'] ?? '').split(','))
    .map(name => name.trim().replace(/^type /u, ''))
    .filter(name => name !== '')
}

/** The doc comment right before the first declaration of `name`; lint directives may stand between. */
function commentOf(name: string): string | undefined {
  const escaped = name.replaceAll('$', String.raw`\$`)
  const declaration = new RegExp(
    String.raw`(?<comment>/\*\*(?:(?!\*/)[\s\S])*\*/)\n(?://[^\n]*\n)*export (?:async )?(?:function|const|class|interface|type) ${escaped}(?![\w$])`,
    'u',
  )
  for (const { text } of sources) {
    const comment = declaration.exec(text)?.groups?.['comment']
    if (comment !== undefined) return comment
  }
  return undefined
}

const parts = ['process', 'channel', 'flow', 'journal', 'stage', 'valve', 'pipeline', 'cluster'].map(
  part => `src/${part}/index.ts`,
)
const names = [...[...parts, 'index.ts'].flatMap(file => exportedNames(file)), 'instrument']

test('each export has a doc comment', t => {
  t.true(names.length > 25)
  t.deepEqual(
    names.filter(name => commentOf(name) === undefined),
    [],
  )
})

test('each exported function has an example', t => {
  const functions = Object.entries({ ...root, ...cluster }).filter(
    ([, value]) => typeof value === 'function' && !Function.prototype.toString.call(value).startsWith('class '),
  )
  t.true(functions.length >= 6)
  t.deepEqual(
    functions.map(([name]) => name).filter(name => !commentOf(name)?.includes('@example')),
    [],
  )
})
