// Programs that talk to a terminal: a prompt for a password, and what edits or shows a screen, where it is installed.
import anyTest, { type ExecutionContext } from 'ava'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

/** As ssh does it: by /dev/tty, whatever the descriptors are, and with the echo off. */
const PROMPT = `
exec 3<>/dev/tty
printf 'Password: ' >&3
stty -echo <&3
read -r word <&3
stty echo <&3
echo >&3
[ "$word" = secret ] && echo welcome || echo denied
`

for (const containment of ['tree', 'group'] as const) {
  test(`a password is read from /dev/tty and is not shown: ${containment}`, async t => {
    for (const [word, answer] of [
      ['secret', 'welcome'],
      ['guess', 'denied'],
    ] as const) {
      const child = await spawn('sh', ['-c', `sh -c '${PROMPT.replaceAll("'", '"')}' </dev/null`], {
        terminal: true,
        containment,
      })
      const screen = new Screen(child)
      await screen.shows('Password: ')
      await echoIsOff(child.pid)
      await screen.type(`${word}\n`)
      t.is(await screen.rest(), `\r\n${answer}\r\n`)
      await child.success()
    }
  })
}

testWith('python3', "python's getpass", async t => {
  const script = 'import getpass; print("length", len(getpass.getpass("Word: ")))'
  const child = await spawn('python3', ['-c', script], { terminal: true })
  const screen = new Screen(child)
  await screen.shows('Word: ')
  await screen.type('four\n')
  const rest = await screen.rest()
  t.regex(rest, /length 4\r\n$/u)
  t.false(rest.includes('four'))
  await child.success()
})

testWith('vim', 'vim edits a file', async t => {
  using folder = new Folder()
  const file = folder.file('text', 'second\n')
  const child = await spawn('vim', ['-u', 'NONE', '-i', 'NONE', '-n', file], {
    terminal: { columns: 60, rows: 20, name: 'vt100' },
  })
  const screen = new Screen(child)
  await screen.shows('second')
  child.resize(100, 30)
  await screen.type('Ofirst\u001b')
  await screen.shows('first')
  await screen.type(':wq\r')
  await screen.rest()
  await child.success()
  t.is(readFileSync(file, 'utf8'), 'first\nsecond\n')
})

testWith('less', 'less shows a page, waits, and goes at q', async t => {
  using folder = new Folder()
  const file = folder.file('lines', Array.from({ length: 500 }, (_, at) => `line ${at}\n`).join(''))
  const child = await spawn('less', [file], { terminal: { rows: 10, name: 'vt100' }, env: { LESS: '' } })
  const screen = new Screen(child)
  await screen.shows('line 8\r\n')
  await screen.type('G')
  await screen.shows('line 499')
  await screen.type('q')
  await screen.rest()
  t.true((await child.success()).drained)
})

/** Until then the kernel would show what is typed. */
async function echoIsOff(pid: number): Promise<void> {
  await waitFor(async () => {
    const { stdout } = await run('sh', ['-c', `stty -a < /proc/${pid}/fd/1`])
    return /-echo\b/u.test(stdout)
  })
}

/** Passes where the program is not installed. */
function testWith(program: string, title: string, body: (t: ExecutionContext) => Promise<void>): void {
  test(title, async t => {
    const { ok } = await run('sh', ['-c', `command -v ${program}`], { reject: false })
    if (ok) await body(t)
    else t.pass()
  })
}

class Folder implements Disposable {
  readonly #path = mkdtempSync(path.join(tmpdir(), 'sluicegate-terminal-'))

  file(name: string, text: string): string {
    const file = path.join(this.#path, name)
    writeFileSync(file, text)
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}
