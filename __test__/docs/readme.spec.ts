// Runs every JavaScript block of the documentation in a process of its own: it ends well, and prints what its comments say.

import test from 'ava'
import { startScript, type NodeChild } from '../helpers/children.ts'
import { readSource } from '../helpers/sources.ts'

function examplesIn(file: string): string[] {
  return [...readSource(file).text.matchAll(/^```js\n(?<code>[\s\S]*?)^```$/gmu)].map(
    match => match.groups?.['code'] ?? '',
  )
}

/** The text after each `// →`, in order. */
function promisedLines(code: string): string[] {
  return [...code.matchAll(/\/\/ → (?<line>.*)$/gmu)].map(match => match.groups?.['line'] ?? '')
}

async function linesOf(child: NodeChild): Promise<string[]> {
  const lines: string[] = []
  await child.exited
  for (;;) {
    const line = await child.line().catch(() => undefined)
    if (line === undefined) return lines
    lines.push(line)
  }
}

const examples = examplesIn('README.md')

test('the README has five examples, and each says what it prints', t => {
  t.is(examples.length, 5)
  for (const code of examples) t.true(promisedLines(code).length > 0)
})

for (const [index, code] of examples.entries()) {
  test(`example ${index + 1} of the README prints what it says`, async t => {
    await using child = startScript(code)
    const lines = await linesOf(child)
    t.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr)
    t.deepEqual(lines, promisedLines(code))
    t.is(child.stderr, '')
  })
}
