// Starting one child, and `spawn`. What is collected from it is up to run.ts.
import { admit, isLimited } from './admission.ts'
import { givenUp, notRequested } from './failure.ts'
import { feed } from './input.ts'
import { Life } from './life.ts'
import { settle, takeOptions, type Settings } from './options.ts'
import { takeCall } from './options/call.ts'
import { spawnRequest } from './request.ts'
import { Handle } from './subprocess.ts'
import type { AnySubprocess, ProcessOptions, Subprocess } from './types.ts'

/** Asks for the child; it may still fail to start. Throws when nothing was asked for. */
function begin(settings: Settings): Life {
  checkGivenUp(settings)
  try {
    return new Life(settings, spawnRequest(settings))
  } catch (cause) {
    throw notRequested(cause, settings)
  }
}

/** Throws when it was given up before anything was done. */
export function checkGivenUp(settings: Settings): void {
  if (settings.signal?.aborted) throw givenUp('abort', settings)
  // No child starts and ends within no time; left to a timer, a short one would now and then.
  if (settings.timeout === 0) throw givenUp('timeout', settings)
}

/** Starts one child, once it is admitted. `onAsked`: called when it has been asked for. */
export async function launch(settings: Settings, onAsked?: () => void): Promise<Life> {
  if (isLimited([settings])) return await launchAdmitted(settings, onAsked)
  const life = begin(settings)
  onAsked?.()
  return await started(life)
}

async function launchAdmitted(settings: Settings, onAsked: (() => void) | undefined): Promise<Life> {
  checkGivenUp(settings)
  const [release] = await admit([settings])
  let life: Life
  try {
    life = begin(settings)
  } catch (error) {
    release?.()
    throw error
  }
  life.onOver = release
  onAsked?.()
  return await started(life)
}

/** Fulfils once the program was executed, and feeds it. */
export async function started(life: Life): Promise<Life> {
  await life.whenStarted
  const { input } = life.settings
  if (input !== undefined) feed(life, input)
  return life
}

/**
 * Starts a program. Fulfils once it has been executed, so that a missing program or directory rejects here with a SpawnError; none of
 * the work is done on the JavaScript thread. Bad options reject with ERR_INVALID_OPTION. With `input` the child is fed in the
 * background; a source that fails ends the child's tree and shows on `success()`.
 *
 * @example
 * const child = await spawn('sort', [], { stdin: 'pipe' })
 * await child.stdin.end('b\na\n')
 * const text = await child.stdout.text()
 */
export function spawn<const O extends ProcessOptions = {}>(
  file: string | URL,
  args?: readonly string[],
  options?: O,
): Promise<Subprocess<O>>
export function spawn<const O extends ProcessOptions>(file: string | URL, options: O): Promise<Subprocess<O>>
export async function spawn(file: string | URL, args?: unknown, options?: unknown): Promise<AnySubprocess> {
  const call = takeCall(args, options)
  const settings = settle(file, call.args, takeOptions(call.options), 'hand out')
  return new Handle(await launch(settings))
}
