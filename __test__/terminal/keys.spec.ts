// Keys that are signals, and job control in an interactive shell.
import anyTest from 'ava'
import { run, spawn, type AnySubprocess, type ByteWriter } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { descendantsOf } from '../helpers/processes.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

const [CONTROL_C, CONTROL_BACKSLASH, CONTROL_Z] = ['\u0003', '\u001c', '\u001a']

for (const containment of ['tree', 'group'] as const) {
  test(`^C ends the foreground group, and what ignores it goes on: ${containment}`, async t => {
    const child = await spawn('cat', [], { terminal: true, containment })
    await child.stdin.write(CONTROL_C)
    t.is(await child.stdout.text(), '^C')
    t.like(await child.closed, { signal: 'SIGINT', exitCode: null })
    const script = 'trap "echo heard" INT; echo ready; sleep 600; echo "then $?"'
    const trapping = await spawn('sh', ['-c', script], { terminal: true, containment })
    const screen = new Screen(trapping)
    await screen.shows('ready')
    await runs('sleep', trapping)
    await screen.type(CONTROL_C)
    await screen.shows('heard')
    await screen.shows('then 130')
    t.is(await screen.rest(), '\r\n')
    await trapping.success()
  })

  test(`^\\ is SIGQUIT: ${containment}`, async t => {
    const child = await spawn('sh', ['-c', 'ulimit -c 0; echo ready; exec sleep 600'], { terminal: true, containment })
    const screen = new Screen(child)
    await screen.shows('ready')
    await screen.type(CONTROL_BACKSLASH)
    t.is((await screen.rest()).trim(), '^\\')
    t.like(await child.closed, { signal: 'SIGQUIT' })
  })

  test(`^Z does not stop the child itself, which nobody could continue: ${containment}`, async t => {
    const child = await spawn('sh', ['-c', 'stty -echo; echo ready; cat'], { terminal: true, containment })
    const screen = new Screen(child)
    await screen.shows('ready')
    await screen.type(CONTROL_Z)
    await screen.type('abc\n')
    await screen.shows('abc')
    await child.stdin.end()
    t.is(await screen.rest(), '\r\n')
    await child.success()
  })

  test(`an interactive bash: ^Z, jobs, bg, fg, ^C, and the end of its input: ${containment}`, async t => {
    const { child, screen } = await bash(containment)
    await screen.type('sleep 600\n')
    await runs('sleep', child)
    await screen.type(CONTROL_Z)
    await screen.shows(/\[1\]\+\s+Stopped\s+sleep 600\r\n/u)
    await screen.shows('ready> ')
    await screen.type('jobs\n')
    await screen.shows(/\[1\]\+\s+Stopped/u)
    await screen.shows('ready> ')
    await screen.type('bg\n')
    await screen.shows(/\[1\]\+ sleep 600 &/u)
    await screen.shows('ready> ')
    await screen.type('fg\n')
    await screen.shows('sleep 600\r\n')
    await screen.type(CONTROL_C)
    await screen.shows('ready> ')
    await screen.type('echo "<$?>"\n')
    await screen.shows('<130>')
    await screen.shows('ready> ')
    await child.stdin.end()
    await screen.shows('exit')
    t.is(await screen.rest(), '\r\n')
    t.true((await child.success()).drained)
  })
}

/** A program below the child has been executed: it has its signals and its group. */
async function runs(name: string, child: { readonly pid: number }): Promise<void> {
  await waitFor(() => descendantsOf(child.pid).some(info => info.name === name), { deadline: 10_000, what: name })
}

type Typed = AnySubprocess & { readonly stdin: ByteWriter }

/** A shell at its prompt. */
async function bash(containment: 'tree' | 'group'): Promise<{ child: Typed; screen: Screen }> {
  const child = await spawn('bash', ['--norc', '--noprofile', '-i'], {
    terminal: { columns: 200, name: 'dumb' },
    containment,
    env: { PS1: 'ready> ', HISTFILE: undefined },
    killSignal: 'SIGHUP',
  })
  const screen = new Screen(child)
  await screen.shows('ready> ')
  return { child, screen }
}
