// The size of a terminal: never 0 by 0, and a change of it is heard.
import anyTest from 'ava'
import { run, SluiceError, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { firstDifference, flood } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('rows and columns are there from the beginning', async t => {
  t.is((await run('stty', ['size'], { terminal: true })).stdout, '24 80')
  t.is((await run('stty', ['size'], { terminal: { columns: 132 } })).stdout, '24 132')
  t.is((await run('stty', ['size'], { terminal: { columns: 1, rows: 65_535 } })).stdout, '65535 1')
})

for (const containment of ['tree', 'group'] as const) {
  test(`resize tells the foreground group by SIGWINCH: ${containment}`, async t => {
    const script = 'trap "stty size" WINCH; echo ready; while read line; do echo "<$line>"; done'
    const child = await spawn('bash', ['-c', script], { terminal: { raw: false }, containment })
    const screen = new Screen(child)
    await screen.shows('ready')
    child.resize(120, 40)
    // The trap runs when `read` has been interrupted or has its line.
    await screen.type('a\n')
    await screen.shows('40 120')
    await screen.shows('<a>')
    await child.stdin.end()
    await screen.rest()
    await child.success()
    t.notThrows(() => child.resize(10, 10))
  })
}

test('a program that is not in the foreground group reads the new size all the same', async t => {
  const child = await spawn('sh', ['-c', 'read go; stty size'], { terminal: true })
  child.resize(99, 9)
  await child.stdin.write('\n')
  t.regex(await child.stdout.text(), /9 99\r\n$/u)
})

test('resizing between reads changes no byte', async t => {
  const child = await spawn(flood, ['--total', '200000'], { terminal: { raw: true } })
  let offset = 0
  for await (const chunk of child.stdout) {
    t.is(firstDifference(chunk, offset), -1)
    offset += chunk.length
    child.resize(1 + (offset % 200), 1 + (offset % 50))
  }
  t.is(offset, 200_000)
  await child.success()
})

test('what is no size, or no terminal, is an error that names it', async t => {
  const child = await spawn('cat', [], { terminal: true })
  const refused = (columns: unknown, rows: unknown): Error | undefined =>
    t.throws(() => child.resize(columns as number, rows as number), {
      instanceOf: SluiceError,
      code: 'ERR_INVALID_OPTION',
    })
  t.regex(refused(0, 24)?.message ?? '', /`columns`/u)
  t.regex(refused(80, 65_536)?.message ?? '', /`rows`/u)
  t.regex(refused(80.5, 24)?.message ?? '', /`columns`/u)
  t.regex(refused(80, undefined)?.message ?? '', /`rows`/u)
  await child.stdin.end()
  await child.success()
  const piped = await spawn('true')
  t.throws(() => piped.resize(80, 24), { code: 'ERR_INVALID_OPTION', message: /`terminal`/u })
  await piped.success()
})
