// The package as a user has it: installed from its tarballs without scripts, run by Node as ES module and by require(),
// and by Bun and Deno where scripts/runtimes.mjs has brought them.

import { chmodSync, readdirSync } from 'node:fs'
import path from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { InstalledApplication, runtime } from '../helpers/tarballs.ts'

const test = anyTest as TestFn<{ application: InstalledApplication }>

const body = `
  const main = async () => {
    const { stdout, exitCode } = await run('echo', ['from the child'])
    const child = await spawn('cat', { stdin: 'pipe' })
    await child.stdin.write('and back')
    await child.stdin.end()
    const text = await child.stdout.text()
    const exit = await child.closed
    console.log(JSON.stringify([stdout, exitCode, text, exit.ok]))
  }
  main()
`
const expected = JSON.stringify(['from the child', 0, 'and back', true])
const esm = `import { run, spawn } from 'sluicegate'\n${body}`
const cjs = `const { run, spawn } = require('sluicegate')\n${body}`
const subpath = `import { run, spawn } from 'sluicegate/process'\n${body}`

test.before(t => {
  t.context.application = new InstalledApplication()
})

test.after.always(t => {
  t.context.application[Symbol.dispose]()
})

for (const [title, name, source] of [
  ['an ES module', 'main.mjs', esm],
  ['require()', 'main.cjs', cjs],
  ['the process entry', 'entry.mjs', subpath],
] as const) {
  test.serial(`Node runs children through ${title}, and ends by itself`, t => {
    const file = t.context.application.write(name, source)
    t.is(t.context.application.run(process.execPath, ['--no-warnings', file]).trim(), expected)
  })
}

for (const [name, args] of [
  ['bun', ['run']],
  ['deno', ['run', '--allow-all', '--quiet']],
] as const) {
  const program = runtime(name)
  const register = program === undefined ? test.skip : test.serial
  register(`${name} runs children`, t => {
    const file = t.context.application.write(`${name}.mjs`, esm)
    t.is(t.context.application.run(program ?? '', [...args, file]).trim(), expected)
  })
}

test.serial('a shepherd that lost its x bit is one clear error with the remedy', t => {
  const scope = path.join(t.context.application.folder, 'node_modules', '@sluicegate')
  const shepherd = path.join(scope, readdirSync(scope)[0] ?? '', 'sluicegate-shepherd')
  chmodSync(shepherd, 0o644)
  const file = t.context.application.write(
    'broken.mjs',
    `import { run } from 'sluicegate'\nrun('true').catch(error => console.log(error.code, error.message))`,
  )
  const said = t.context.application.run(process.execPath, [file])
  chmodSync(shepherd, 0o755)
  t.regex(said, /^ERR_PLATFORM_UNSUPPORTED .*sluicegate-shepherd is not executable.*chmod \+x/u)
})

test.serial('importing needs no addon, and no optional peer', t => {
  const file = t.context.application.write(
    'import.mjs',
    `import 'sluicegate'\nimport 'sluicegate/otel'\nimport 'sluicegate/inspect'\nconsole.log(process.report.getReport().sharedObjects.filter(name => name.endsWith('.node')).length)`,
  )
  t.is(t.context.application.run(process.execPath, [file]).trim(), '0')
})
