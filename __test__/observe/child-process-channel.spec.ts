// Node's own channel `child_process`: who listens there sees our children as it sees Node's.

import { spawn as nodeSpawn } from 'node:child_process'
import diagnostics from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import anyTest, { type ExecutionContext } from 'ava'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { startScript } from '../helpers/children.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

interface Seen extends EventEmitter {
  readonly pid?: number
  readonly spawnfile: string
  readonly spawnargs: readonly string[]
  readonly exitCode: number | null
  readonly signalCode: string | null
  readonly killed: boolean
  kill(signal?: string | number): boolean
}

/** What a hook notes down of a child, in order. */
function note(child: Seen): string[] {
  const notes: string[] = []
  const state = (): string => `${child.spawnfile} ${child.spawnargs.join(' ')} ${child.exitCode} ${child.signalCode}`
  child.on('spawn', () => notes.push(`spawn ${typeof child.pid} ${state()}`))
  for (const event of ['exit', 'close']) {
    child.on(event, (code, signal) => notes.push(`${event} ${String(code)} ${String(signal)} ${state()}`))
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    notes.push(`error ${error.code} ${error.errno} ${error.syscall} ${error.path} ${state()}`)
  })
  return notes
}

function listen(t: ExecutionContext, hook: (child: Seen) => void): void {
  const subscriber = (message: unknown): void => hook((message as { process: Seen }).process)
  diagnostics.subscribe('child_process', subscriber)
  t.teardown(() => diagnostics.unsubscribe('child_process', subscriber))
}

test('a hook notes the same of our children as of those of node:child_process', async t => {
  const notes: string[][] = []
  listen(t, child => notes.push(note(child)))
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['true'],
    ['sh', '-c', 'exit 3'],
    ['sh', '-c', 'kill -9 $$'],
    ['/nonexistent/program', 'argument'],
  ]
  for (const [file, ...args] of commands) {
    notes.length = 0
    const theirs = nodeSpawn(file, args, { stdio: 'ignore' })
    theirs.on('error', () => {})
    await new Promise(resolve => void theirs.on('close', resolve))
    await run(file, args, { reject: false }).catch(() => {})
    await waitFor(() => notes[1]?.length === notes[0]?.length)
    t.is(notes.length, 2)
    t.true((notes[0]?.length ?? 0) >= 2)
    t.deepEqual(notes[1], notes[0])
  }
})

test('it is published before the start, and can be signalled', async t => {
  let seen: Seen | undefined
  listen(t, child => (seen = child))
  const starting = spawn('sleep', ['60'])
  t.true(seen instanceof EventEmitter)
  t.is(seen?.pid, undefined)
  const child = await starting
  await turns()
  t.is(seen?.pid, child.pid)
  t.true(seen?.kill(0))
  t.false(seen?.killed)
  t.true(seen?.kill())
  t.true(seen?.killed)
  t.like(await child.closed, { signal: 'SIGTERM' })
  t.false(seen?.kill())
})

test('a failed start without a listener for it harms nobody', async t => {
  listen(t, () => {})
  await t.throwsAsync(run('/nonexistent/program'), { code: 'ENOENT' })
  await turns()
})

test('a listener that throws disturbs no child', async t => {
  await using script = startScript(`
    import diagnostics from 'node:diagnostics_channel'
    import { run } from './index.ts'
    process.on('uncaughtException', error => console.log(error.message))
    diagnostics.subscribe('child_process', ({ process }) => {
      for (const event of ['spawn', 'exit', 'close']) process.on(event, () => { throw new Error(event) })
    })
    console.log((await run('echo', ['x'])).stdout)
  `)
  const lines = [await script.line(), await script.line(), await script.line(), await script.line()]
  t.deepEqual(lines.sort(), ['close', 'exit', 'spawn', 'x'])
  t.like(await script.exited, { code: 0 })
})
