// What a child on a terminal finds when it starts: the terminal on its three descriptors and as its controlling one.
import anyTest from 'ava'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { probe, type Probe } from '../helpers/programs.ts'
import { Screen } from '../helpers/screen.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const containment of ['tree', 'group', 'none'] as const) {
  test(`it leads a session whose terminal is on 0, 1 and 2 and in its foreground: ${containment}`, async t => {
    const child = await spawn(probe, [], { terminal: true, containment })
    const found = JSON.parse(await child.stdout.text()) as Probe
    const exit = await child.closed
    t.is(child.containment, containment)
    t.is(found.pid, child.pid)
    t.is(found.sid, child.pid)
    t.is(found.pgid, child.pid)
    t.is(found.foreground, child.pid)
    t.deepEqual(Object.keys(found.fds), ['0', '1', '2'])
    t.regex(found.fds['0'] ?? '', /^\/dev\/pts\/\d+$/u)
    t.is(new Set(Object.values(found.fds)).size, 1)
    t.deepEqual(found.nonBlocking, [false, false, false])
    t.is(found.SigBlk, '0000000000000000')
    t.is(found.SigIgn, '0000000000000000')
    t.true(exit.ok)
    t.true(exit.drained)
    t.is(child.stderr, undefined)
  })
}

test('/dev/tty is that terminal, with the ends redirected too', async t => {
  const child = await spawn('sh', ['-c', 'exec </dev/null >/dev/null 2>&1; echo here > /dev/tty'], { terminal: true })
  t.is(await child.stdout.text(), 'here\r\n')
  t.true((await child.success()).drained)
})

test('this process gets no terminal by it, and what node:child_process starts meanwhile sees none', async t => {
  const terminalOf = (): string | undefined => readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[4]
  const before = terminalOf()
  const child = await spawn('cat', [], { terminal: true })
  t.is(terminalOf(), before)
  t.notRegex(execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }), /\/dev\/(?:pts\/\d|ptmx|pts\/ptmx)/u)
  const other = await run('ls', ['-l', '/proc/self/fd'])
  t.notRegex(other.stdout, /\/dev\/(?:pts\/\d|ptmx|pts\/ptmx)/u)
  await child.stdin.end()
  await child.success()
})

test('TERM is the name, and the size of another terminal is not passed on', async t => {
  const environment = async (options: object): Promise<NodeJS.ProcessEnv> => {
    const { stdout } = await run(probe, { terminal: true, ...options })
    return (JSON.parse(stdout) as Probe).env
  }
  process.env['COLUMNS'] = '33'
  process.env['TERM'] = 'dumb'
  t.like(await environment({}), { TERM: 'xterm-256color', PATH: process.env['PATH'], COLUMNS: undefined })
  t.like(await environment({ terminal: { name: 'vt100' } }), { TERM: 'vt100' })
  t.like(await environment({ env: { TERM: 'screen', COLUMNS: '5' } }), { TERM: 'screen', COLUMNS: '5' })
  t.like(await environment({ terminal: { name: 'vt100' }, env: { TERM: 'screen' } }), { TERM: 'vt100' })
  t.deepEqual(await environment({ env: { A: 'b' }, extendEnv: false }), { TERM: 'xterm-256color', A: 'b' })
  delete process.env['COLUMNS']
  delete process.env['TERM']
})

test('modes: lines, echo and signals by default, bytes with raw', async t => {
  const modes = async (raw: boolean): Promise<string> =>
    (await run('stty', ['-a'], { terminal: { raw }, input: '' })).stdout
  const cooked = await modes(false)
  for (const mode of ['icanon', 'echo', 'isig', 'icrnl', 'opost', 'onlcr', 'iutf8'])
    t.regex(cooked, new RegExp(`(?<!-)\\b${mode}\\b`, 'u'))
  const raw = await modes(true)
  for (const mode of ['icanon', 'echo', 'isig', 'icrnl', 'opost']) t.regex(raw, new RegExp(`-${mode}\\b`, 'u'))
})

test('fifty at once keep to themselves', async t => {
  const children = await Promise.all(
    Array.from({ length: 50 }, async () => await spawn('sh', ['-c', 'tty; cat'], { terminal: true })),
  )
  const shown = await Promise.all(
    children.map(async (child, at) => {
      const screen = new Screen(child)
      const [name] = await screen.shows(/\/dev\/pts\/\d+\r\n/u)
      await child.stdin.end(`${at}\n`)
      t.is(await screen.rest(), `${at}\r\n${at}\r\n`)
      await child.success()
      return name
    }),
  )
  t.is(new Set(shown).size, 50)
})

test('two terminals are two', async t => {
  const [one, two] = await Promise.all([spawn('cat', [], { terminal: true }), spawn('cat', [], { terminal: true })])
  await Promise.all([new Screen(one).type('one\n'), new Screen(two).type('two\n')])
  await Promise.all([one.stdin.end(), two.stdin.end()])
  t.is(await one.stdout.text(), 'one\r\none\r\n')
  t.is(await two.stdout.text(), 'two\r\ntwo\r\n')
})
