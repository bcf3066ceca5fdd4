// `run`: a child, or a pipe of children, to its end, with what it wrote. Reading is in gather.ts, blame in verdict.ts.
import { shape } from './collect.ts'
import { Gather } from './gather.ts'
import type { Life } from './life.ts'
import { settle, takeOptions } from './options.ts'
import { takeCall } from './options/call.ts'
import { resultOf, type Output } from './result.ts'
import { launch } from './spawn.ts'
import type { AnyResult, Exit, Result, RunOptions } from './types.ts'
import { verdict } from './verdict.ts'

/**
 * Runs a program to its end and gives what it wrote. Rejects with a SpawnError when nothing was executed, with a ProcessError when it did
 * not end well (unless `reject` is false), and with ERR_INVALID_OPTION for bad options. When it settles, a tree that had to be ended is gone.
 *
 * @example
 * const { stdout } = await run('git', ['log', '--oneline'], { lines: true })
 */
export function run<const O extends RunOptions = {}>(
  file: string | URL,
  args?: readonly string[],
  options?: O,
): Promise<Result<O>>
export function run<const O extends RunOptions>(file: string | URL, options: O): Promise<Result<O>>
export async function run(file: string | URL, args?: unknown, options?: unknown): Promise<AnyResult> {
  const call = takeCall(args, options)
  const settings = settle(file, call.args, takeOptions(call.options), 'collect')
  return await complete([await launch(settings)])
}

/** Collects from started children, first to last of a pipe, and gives the last one's result. */
export async function complete(members: readonly Life[]): Promise<AnyResult> {
  const collected = await Promise.all(members.map(collect))
  const results: AnyResult[] = []
  for (const [index, life] of members.entries()) {
    const [exit, output] = collected[index] as [Exit, Output]
    results.push(resultOf(life, exit, output, results.slice()))
  }
  const last = members.at(-1)?.settings
  const failure = verdict(members, results)
  if (failure && last?.collect.reject) throw failure
  return results.at(-1) as AnyResult
}

async function collect(life: Life): Promise<[Exit, Output]> {
  const { settings, ends } = life
  const stdout = ends?.stdout && new Gather(life, 'stdout', ends.stdout)
  const stderr = ends?.stderr && new Gather(life, 'stderr', ends.stderr)
  const exit = await life.whenClosed
  await Promise.all([stdout?.finish(exit.drained), stderr?.finish(exit.drained)])
  // Asked to leave nothing behind, so a result says that nothing is.
  if (settings.leftovers === 'kill') await life.end('terminate', settings)
  await life.whenSettled
  // On a terminal there is nothing of it by itself.
  const isKept = settings.stderr.kind === 'tail' || settings.terminal !== undefined
  const tail = isKept ? shape(life.stderrTail, settings.collect) : undefined
  return [
    exit,
    {
      stdout: stdout?.value(),
      stderr: stderr?.value() ?? tail,
      truncated: (stdout?.truncated ?? false) || (stderr?.truncated ?? false),
    },
  ]
}
