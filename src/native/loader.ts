// The single importer of the addon, and the one place that knows where it and the shepherd lie.
// Nothing is looked up before `loadNative` is called.
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '../errors.ts'
import type { Addon } from './addon.ts'
import { PLATFORM_TAGS, platformTag } from './platform.ts'

export interface Native {
  readonly addon: Addon
  readonly shepherdPath: string
}

const SHEPHERD = 'sluicegate-shepherd'
const PACKAGE = 'sluicegate'
let loaded: Native | undefined

/** Loads the addon once. Throws ERR_PLATFORM_UNSUPPORTED with what was tried and the remedy; a later call tries again. */
export function loadNative(): Native {
  loaded ??= locate()
  return loaded
}

interface Attempt {
  readonly path: string
  readonly cause: unknown
}

function locate(): Native {
  const tag = platformTag()
  const override = process.env['SLUICEGATE_NATIVE_PATH']
  if (override === undefined && !PLATFORM_TAGS.includes(tag)) {
    throw unsupported(`there is no binary for ${tag}; there is one for ${PLATFORM_TAGS.join(', ')}`)
  }
  const require = createRequire(import.meta.url)
  const attempts: Attempt[] = []
  for (const candidate of candidates(tag, override)) {
    let path = candidate
    try {
      path = require.resolve(candidate)
      const addon = require(path) as Addon
      return { addon, shepherdPath: shepherdBeside(path) }
    } catch (cause) {
      if (SluiceError.is(cause)) throw cause
      attempts.push({ path, cause })
    }
  }
  throw unsupported(notLoaded(tag, override, attempts), attempts.at(-1)?.cause)
}

/** In the order of trying: a checkout's own build comes before an installed package, and an override leaves no choice. */
function candidates(tag: string, override: string | undefined): string[] {
  const file = `sluicegate.${tag}.node`
  if (override !== undefined && override !== '') return [join(resolve(override), file)]
  const root = packageRoot()
  const local = root === undefined ? undefined : join(root, file)
  const named = `@${PACKAGE}/${tag}`
  return local !== undefined && existsSync(local) ? [local, named] : [named]
}

/** This file runs from `src/native` and from a build's folder, so the root is the nearest folder above with a manifest. */
function packageRoot(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    if (existsSync(join(folder, 'package.json'))) return folder
    const parent = dirname(folder)
    if (parent === folder) return undefined
    folder = parent
  }
}

function notLoaded(tag: string, override: string | undefined, attempts: readonly Attempt[]): string {
  const tried = attempts.map(({ path, cause }) => `${path} (${firstLine(cause)})`).join('; ')
  const remedy =
    override === undefined
      ? `install @${PACKAGE}/${tag} in the version of ${PACKAGE} (optional dependencies must not be omitted)`
      : `point SLUICEGATE_NATIVE_PATH at the folder of sluicegate.${tag}.node`
  return `the native addon for ${tag} did not load: tried ${tried}; ${remedy}`
}

/** A program can't be executed inside an asar archive, so a packed application must have it unpacked. */
function shepherdBeside(addonPath: string): string {
  const path = join(dirname(addonPath), SHEPHERD).replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2')
  try {
    accessSync(path, constants.X_OK)
  } catch (cause) {
    const remedy = existsSync(path)
      ? `make it executable (chmod +x) on a file system that is not mounted noexec`
      : path.includes('app.asar.unpacked')
        ? `add @${PACKAGE} to the archive's unpack list`
        : `install the package again without dropping files`
    throw unsupported(`${path} is ${existsSync(path) ? 'not executable' : 'missing'}: ${remedy}`, cause)
  }
  return path
}

function unsupported(message: string, cause?: unknown): SluiceError {
  return new SluiceError('ERR_PLATFORM_UNSUPPORTED', message, cause === undefined ? undefined : { cause })
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}
