// Runs every JavaScript block of the README, and of the other documents those that say what they print, in a process of its own: it ends
// well, and prints that.

import test from 'ava'
import { startScript, type NodeChild } from '../helpers/children.ts'
import { readSource, sourcesIn } from '../helpers/sources.ts'

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

const others = sourcesIn('docs', '.md').flatMap(({ file }) =>
  examplesIn(file)
    .map((code, index) => ({ title: `example ${index + 1} of ${file}`, code }))
    .filter(({ code }) => promisedLines(code).length > 0),
)

test('other documents have examples that say what they print', t => {
  t.true(others.length > 0)
})

for (const { title, code } of [
  ...examples.map((code, index) => ({ title: `example ${index + 1} of the README`, code })),
  ...others,
]) {
  test(`${title} prints what it says`, async t => {
    await using child = startScript(code)
    const lines = await linesOf(child)
    t.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr)
    t.deepEqual(lines, promisedLines(code))
    t.is(child.stderr, '')
  })
}
