// What users write about child processes. It is compiled, never run: each line that must not compile says so.
import {
  $,
  command,
  daemon,
  ProcessError,
  run,
  spawn,
  SpawnError,
  stream,
  type AnySubprocess,
  type Daemon,
  type DaemonOptions,
  type RunOptions,
  type Subprocess,
} from '../../index.ts'

declare const pattern: string
declare const files: string[]
declare const flag: boolean
declare const options: RunOptions
declare function sink(bytes: Uint8Array): Promise<void>

export async function results(): Promise<unknown[]> {
  const { stdout } = await run('git', ['log', '--oneline'], { lines: true })
  const first: string | undefined = stdout[0]
  const text: string = (await run('true')).stdout
  const png: Uint8Array = (await run('cat', ['x.png'], { encoding: 'buffer' })).stdout
  const either: string | string[] = (await run('ls', { lines: flag })).stdout
  const wide: string | string[] | Uint8Array | undefined = (await run('ls', [], options)).stdout
  const ignored: undefined = (await run('ls', { stdout: 'ignore' })).stdout
  const tail: string = (await run('ls', { stderr: { tail: 100 } })).stderr
  const merged: undefined = (await run('ls', { stderr: 'stdout' })).stderr
  return [first, text, png, either, wide, ignored, tail, merged]
}

export async function handles(): Promise<unknown[]> {
  await using child = await spawn('ffmpeg', ['-i', 'pipe:0', 'pipe:1'], { stdin: 'pipe', timeout: 60_000 })
  const feed = (async () => {
    for await (const chunk of process.stdin) await child.stdin.write(chunk as Uint8Array)
    await child.stdin.end()
  })()
  for await (const chunk of child.stdout) await sink(chunk)
  await feed
  const exit = await child.success()
  const plain = await spawn('sleep', ['1'])
  const none: undefined = plain.stdin
  const tty = await spawn('bash', { terminal: { columns: 80, rows: 24 } })
  await tty.stdin.write('ls\n')
  await tty.stdout.read()
  const inTerminal: undefined = tty.stderr
  tty.resize(100, 30)
  // @ts-expect-error a size has two sides
  tty.resize(100)
  // @ts-expect-error there is no such setting
  await spawn('bash', { terminal: { cols: 80 } })
  // @ts-expect-error stderr is a tail ring by default, not a reader
  plain.stderr.read()
  const both: Subprocess<{ stdin: 'pipe'; stderr: 'pipe' }> = await spawn('cat', { stdin: 'pipe', stderr: 'pipe' })
  const anyChild: AnySubprocess = child
  // @ts-expect-error there is no such way
  await spawn('cat', { stdin: 'socket' })
  return [exit, none, inTerminal, both.stderr.lines(), anyChild]
}

export async function commands(): Promise<unknown[]> {
  const zipped = await spawn('zcat', ['a.gz'])
  for await (const lines of zipped.stdout.lines().batches()) for (const line of lines) void line.length
  const count = await command('zcat', ['big.gz']).pipe('grep', ['x']).pipe('wc', ['-l']).run()
  const list: string[] = (await command('ls', [], { lines: true }).run()).stdout
  const again: string = (await command('ls', [], { lines: true }).run({ lines: false })).stdout
  const found: string = (await $`grep ${pattern} ${files}`).stdout
  const bytes: Uint8Array = (await $({ encoding: 'buffer' })`cat ${files}`).stdout
  const piped: string = (await $`ls`.pipe($`wc -l`).run()).stdout
  for await (const line of stream('tail', ['-f', 'log']).lines()) void line.length
  // @ts-expect-error a command is no promise
  void command('ls').then
  return [count.pipedFrom[0]?.exitCode, list, again, found, bytes, piped]
}

export async function errors(): Promise<unknown> {
  try {
    return await run('false')
  } catch (error) {
    if (error instanceof ProcessError) return [error.exitCode, error.stdout, error.stderrTail, error.shortMessage]
    return error instanceof SpawnError && error.code === 'ENOENT' ? error.path : error
  }
}

export async function daemons(): Promise<unknown[]> {
  await using server = daemon('postgres', ['-D', 'data'], { readyWhen: /ready to accept/, restart: 'on-failure' })
  await server.ready
  const given: DaemonOptions = {
    onLine: async (line, from) => await sink(Buffer.from(`${from} ${line}`)),
    maxRestarts: 3,
  }
  const other: Daemon = daemon('server', [], { ...given, readyWhen: line => line === 'up', backoff: { initial: 10 } })
  await other.stdin.write('reload\n', { timeout: 100 })
  for await (const event of other.events({ capacity: 10 })) {
    if (event.type === 'lagged') return [event.missed]
    if (event.type === 'exited') return [event.pid, event.exit?.exitCode]
  }
  // @ts-expect-error a daemon lives until it is stopped
  daemon('server', [], { timeout: 1000 })
  const state: 'starting' | 'ready' | 'backoff' | 'stopped' | 'failed' = server.state
  return [state, server.pid, server.restarts, await other.stop()]
}
