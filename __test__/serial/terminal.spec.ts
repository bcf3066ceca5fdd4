// Node in an interactive shell on a terminal of its own: its children get the terminal as those of a shell do.
import test from 'ava'
import { startHousehold, type Household } from '../helpers/household.ts'
import { processInfo } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Groups {
  readonly own: number
  readonly foreground: number
}

interface Started extends Groups {
  readonly pid: number
  readonly line: string
}

interface Ended extends Groups {
  readonly output: string | null
  readonly exitCode: number | null
  readonly signal: string | null
}

const CONTROL_C = '\u0003'
const CONTROL_Z = '\u001A'
// The shell's arguments are the words that start Node: it is started by typing `"$@"`.
const line = `exec python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' bash --norc --noprofile -i -s "$0" "$@"`

class Terminal implements AsyncDisposable {
  readonly household: Household = startHousehold('terminal-app.ts', { line })

  type(text: string): void {
    this.household.node.process.stdin?.write(text)
  }

  async message<T>(): Promise<T> {
    return await this.household.node.message<T>()
  }

  async start(task: string): Promise<Started> {
    this.household.node.send(task)
    return await this.message<Started>()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.household[Symbol.asyncDispose]()
  }
}

function stateOf(pid: number): string | undefined {
  return processInfo(pid)?.state
}

test.serial('the child reads from the terminal, then Node has it back', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@"\r')
  const node = await terminal.message<Groups>()
  t.is(node.foreground, node.own)
  const child = await terminal.start('read')
  t.is(child.foreground, child.pid)
  terminal.type('typed\r')
  t.like(await terminal.message<Ended>(), { output: 'typed', exitCode: 0, foreground: node.own })
  terminal.household.node.send('missing')
  t.like(await terminal.message(), { code: 'ENOENT', foreground: node.own })
})

test.serial('^C reaches the child and not Node', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@"\r')
  const node = await terminal.message<Groups>()
  const child = await terminal.start('wait')
  t.is(child.foreground, child.pid)
  terminal.type(CONTROL_C)
  // The next message would be Node's own complaint.
  t.like(await terminal.message<Ended>(), { output: null, signal: 'SIGINT', foreground: node.own })
  // Without a child it is Node's again.
  terminal.type(CONTROL_C)
  t.is(await terminal.message(), 'Node got SIGINT')
})

test.serial('^Z stops both, and fg lets both go on', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@"\r')
  const { pid: node, own } = await terminal.message<Started>()
  const child = await terminal.start('wait')
  for (const round of [1, 2]) {
    terminal.type(CONTROL_Z)
    await waitFor(() => stateOf(child.pid) === 'T' && stateOf(node) === 'T', { what: `the stop of round ${round}` })
    terminal.type('fg\r')
    await waitFor(() => stateOf(child.pid) === 'S' && stateOf(node) !== 'T', { what: `the start of round ${round}` })
  }
  terminal.type(CONTROL_C)
  t.like(await terminal.message<Ended>(), { signal: 'SIGINT', foreground: own })
  terminal.household.node.send('end')
  await waitFor(() => processInfo(node) === undefined)
  terminal.type('echo "<$?>"; exit\r')
  let text = ''
  while (!text.includes('<5>')) text = await terminal.household.node.line()
  t.pass()
})

test.serial('a detached child leaves it to Node', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@"\r')
  const node = await terminal.message<Groups>()
  t.like(await terminal.start('detached'), { line: 'ready', foreground: node.own })
})

test.serial('a background Node takes the terminal from nobody', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@" &\r')
  const node = await terminal.message<Started>()
  t.not(node.foreground, node.own)
  t.is((await terminal.start('wait')).foreground, node.foreground)
})

test.serial('a read from the background stops both until fg', async t => {
  t.timeout(30_000)
  await using terminal = new Terminal()
  terminal.type('"$@" &\r')
  const node = await terminal.message<Started>()
  terminal.household.node.send('read')
  await waitFor(() => stateOf(node.pid) === 'T')
  terminal.type('fg\r')
  await waitFor(() => stateOf(node.pid) !== 'T')
  t.like(await terminal.message<Started>(), { line: 'ready' })
  terminal.type('typed\r')
  t.like(await terminal.message<Ended>(), { output: 'typed', exitCode: 0, foreground: node.own })
})
