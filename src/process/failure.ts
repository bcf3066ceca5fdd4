// The errors of a child: what they say and which code and name they carry. Whether one is thrown is decided by run.ts and subprocess.ts.
import { errnoName, ProcessError, SluiceError, SpawnError } from '../errors.ts'
import type { FailedEvent } from './child.ts'
import type { Settings } from './options.ts'
import type { EndReason } from './result.ts'
import type { Exit, Result, RunOptions } from './types.ts'

/** Bytes of output that a message quotes at most; what is meant for machines is in the fields. */
const QUOTED_OUTPUT = 2048

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ERR_SHEPHERD_LOST: 'the guard process ended before it answered',
  ERR_CONTAINMENT: 'the containment that was asked for can not be had here',
  ERR_PLATFORM_UNSUPPORTED: 'this platform can not do what was asked for',
}

/** The guard executable is there but can't be executed: mounted noexec, inside an archive, without its x bit, for another machine. */
const UNUSABLE: ReadonlySet<string> = new Set(['EACCES', 'ENOENT', 'ENOEXEC', 'ENOTDIR', 'EPERM'])

/** Why there is no control group of version 2 for a child, by the step that failed. */
const NO_CGROUP: Readonly<Record<string, string>> = {
  'cgroup.parent': 'there is no control group of version 2 in which to make one',
  'cgroup.leaf': 'no control group can be made there, as it is read-only or not delegated to this user',
  'cgroup.kill': 'this kernel can not kill a control group as a whole, which takes 5.14',
  'cgroup.memoryMax': 'the memory controller is not to be had there',
  'cgroup.pidsMax': 'the pids controller is not to be had there',
  'cgroup.cpuMax': 'the cpu controller is not to be had there',
  'cgroup.join': 'nothing can be started in a control group there',
}

/** The steps in which a child becomes another user. */
const IDENTITY: ReadonlySet<string> = new Set(['groups', 'gid', 'uid'])

/** The native side could not start it. */
export function notExecuted(event: FailedEvent | SluiceError, settings: Settings): SpawnError {
  const { file, args } = settings
  if (event instanceof SluiceError) {
    return new SpawnError(event.code, `spawn ${file}: ${event.message}`, {
      ...facts(settings, `spawn ${file}`, 0),
      cause: event,
    })
  }
  const { stage, errno } = event
  const code = codeOfFailure(event)
  const explanation = explain(code, event)
  const because = explanation === undefined ? '' : `: ${explanation}`
  if (stage === 'chdir') {
    const path = settings.cwd || '.'
    return new SpawnError(code, `chdir ${path} ${code} (spawn ${file})`, {
      errno: -errno,
      syscall: 'chdir',
      path,
      spawnargs: args,
    })
  }
  const step = stage === 'exec' ? '' : ` (${stage})`
  return new SpawnError(code, `spawn ${file} ${code}${step}${because}`, facts(settings, `spawn ${file}`, -errno))
}

function explain(code: string, { stage, errno, detail }: FailedEvent): string | undefined {
  const reason = NO_CGROUP[stage]
  if (reason !== undefined) return `${reason} (${errnoName(errno)})`
  if (code === 'ERR_PLATFORM_UNSUPPORTED' && detail !== '')
    return `the guard executable ${detail} can not be run: reinstall the package on a file system that allows execution, outside of any archive`
  if (code === 'EPERM' && IDENTITY.has(stage)) return 'only root can start a child as another user or group'
  if (stage === 'shepherd' && detail !== '') return `the guard executable ${detail} can not be started now`
  return EXPLANATIONS[code] ?? (detail || undefined)
}

/** One of our codes where there is one; else the system's name of its number. A guard that can't be run is one error with path and remedy. */
function codeOfFailure({ stage, errno, code }: FailedEvent): string {
  if (code !== '') return code
  if (stage === 'shepherd' && UNUSABLE.has(errnoName(errno))) return 'ERR_PLATFORM_UNSUPPORTED'
  return errnoName(errno)
}

/** It threw before anything was asked of the native side: the current directory is gone, a given reader is busy. */
export function notRequested(cause: unknown, settings: Settings): unknown {
  if (cause instanceof SluiceError && !('errno' in cause)) return cause
  const { code = 'EIO', errno = 0, syscall = `spawn ${settings.file}` } = cause as NodeJS.ErrnoException
  return new SpawnError(code, `spawn ${settings.file} ${code}: ${syscall}`, {
    ...facts(settings, syscall, errno),
    cause,
  })
}

/** It was given up before it had started. */
export function givenUp(why: EndReason, settings: Settings): SpawnError {
  const { file, timeout, signal } = settings
  if (why === 'timeout') {
    return named(
      'TimeoutError',
      new SpawnError(
        'ERR_TIMEOUT',
        `spawn ${file}: not started within ${timeout} ms`,
        facts(settings, `spawn ${file}`, 0),
      ),
    )
  }
  const reason = why === 'abort' && signal ? { cause: signal.reason as unknown } : {}
  return named(
    'AbortError',
    new SpawnError('ABORT_ERR', `spawn ${file}: aborted before it started`, {
      ...facts(settings, `spawn ${file}`, 0),
      ...reason,
    }),
  )
}

/** It runs, but not as contained as it has to be: it is ended at once. */
export function containmentMissed(obtained: string, settings: Settings): SpawnError {
  const { file, containment } = settings
  const message = `spawn ${file} ERR_CONTAINMENT: containment '${containment}' was asked for, '${obtained}' is what this host can do`
  return new SpawnError('ERR_CONTAINMENT', message, facts(settings, `spawn ${file}`, 0))
}

function facts(
  settings: Settings,
  syscall: string,
  errno: number,
): { errno: number; syscall: string; path: string; spawnargs: readonly string[] } {
  return { errno, syscall, path: settings.file, spawnargs: settings.args }
}

/** What went wrong beside the child itself. */
export interface Trouble {
  readonly code: 'ERR_MAX_BUFFER' | 'ERR_PROCESS_FAILED'
  readonly what: string
  readonly cause?: unknown
}

/** The child ran and did not end well. */
export function processFailed(result: Result<RunOptions>, settings: Settings, trouble?: Trouble): ProcessError {
  const shortMessage = `${trouble?.what ?? whatHappened(result, settings)}: ${result.command}`
  const output = outputOf(result)
  const message = output === '' ? shortMessage : `${shortMessage}\n${output}`
  const cause =
    trouble && 'cause' in trouble
      ? { cause: trouble.cause }
      : result.isCanceled
        ? { cause: settings.signal?.reason as unknown }
        : undefined
  const error = new ProcessError(trouble?.code ?? codeOf(result), { message, shortMessage }, result, cause)
  if (trouble !== undefined) return error
  if (result.timedOut) return named('TimeoutError', error)
  return result.isCanceled ? named('AbortError', error) : error
}

function codeOf(exit: Exit): string {
  if (exit.timedOut) return 'ERR_TIMEOUT'
  if (exit.isCanceled) return 'ABORT_ERR'
  return exit.lost ? 'ERR_STATUS_LOST' : 'ERR_PROCESS_FAILED'
}

function whatHappened(exit: Exit, settings: Settings): string {
  if (exit.timedOut) return `Command timed out after ${settings.timeout} ms`
  if (exit.isCanceled) return 'Command was canceled'
  if (exit.lost) return 'Nobody can tell how the command ended'
  if (exit.signal !== null)
    return `Command was ended by ${signalText(exit.signal)}${exit.coreDumped ? ' (core dumped)' : ''}`
  return `Command failed with exit code ${exit.exitCode}`
}

function signalText(signal: string | number): string {
  return typeof signal === 'number' ? `signal ${signal}` : signal
}

function outputOf(result: Result<RunOptions>): string {
  if (result.stderrTail.trim() !== '') return result.stderrTail.slice(-QUOTED_OUTPUT).trimEnd()
  const { stdout } = result
  const text = typeof stdout === 'string' ? stdout : Array.isArray(stdout) ? stdout.slice(-40).join('\n') : ''
  return text.slice(-QUOTED_OUTPUT).trimEnd()
}

/** Output of a child that was ended may be cut, so its end is not given as an end. Without a reason its guard died, and it with it. */
export function cutOutput(why: EndReason | undefined, settings: Settings): SluiceError {
  const { file, timeout, signal } = settings
  if (why === 'timeout')
    return named(
      'TimeoutError',
      new SluiceError('ERR_TIMEOUT', `${file} was ended after ${timeout} ms, so its output may be cut`),
    )
  if (why === 'abort') {
    return named(
      'AbortError',
      new SluiceError('ABORT_ERR', `${file} was ended by its signal, so its output may be cut`, {
        cause: signal?.reason,
      }),
    )
  }
  if (why === undefined) {
    return new SluiceError('ERR_SHEPHERD_LOST', `${file} was ended as its guard process died, so its output may be cut`)
  }
  return new SluiceError('ERR_PROCESS_FAILED', `${file} was ended, so its output may be cut`)
}

function named<E extends Error>(name: string, error: E): E {
  Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true })
  return error
}
