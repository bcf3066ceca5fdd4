// The options of collected output: encoding, lines, maxBuffer, tee, reject.
import type { Writable } from 'node:stream'
import { invalidOption } from '../../errors.ts'
import { booleanOption, bytesOption, choiceOption, isObject } from './check.ts'

export const DEFAULT_MAX_BUFFER: number = 100 * 1024 * 1024

export interface CollectSettings {
  readonly encoding: 'utf8' | 'latin1' | 'buffer'
  readonly lines: boolean
  readonly stripFinalNewline: boolean
  readonly maxBuffer: number
  readonly onMaxBuffer: 'error' | 'head' | 'tail'
  readonly reject: boolean
  readonly tee: { readonly stdout: Writable | undefined; readonly stderr: Writable | undefined }
}

export function collectOptions(given: Readonly<Record<string, unknown>>): CollectSettings {
  const encoding = choiceOption('encoding', given['encoding'], ['utf8', 'latin1', 'buffer'], 'utf8')
  const lines = booleanOption('lines', given['lines'], false)
  if (lines && encoding === 'buffer')
    throw invalidOption('encoding', "'utf8' or 'latin1' together with `lines`", encoding)
  return {
    encoding,
    lines,
    // Bytes are given as they came: a picture may well end with 0x0A.
    stripFinalNewline: booleanOption('stripFinalNewline', given['stripFinalNewline'], encoding !== 'buffer'),
    maxBuffer: bytesOption('maxBuffer', given['maxBuffer'], DEFAULT_MAX_BUFFER),
    onMaxBuffer: choiceOption('onMaxBuffer', given['onMaxBuffer'], ['error', 'head', 'tail'], 'error'),
    reject: booleanOption('reject', given['reject'], true),
    tee: teeOption(given['tee']),
  }
}

function teeOption(value: unknown): CollectSettings['tee'] {
  if (value === undefined || value === false) return { stdout: undefined, stderr: undefined }
  if (value === true) return { stdout: process.stdout, stderr: process.stderr }
  if (!isObject(value)) throw invalidOption('tee', 'true, false or { stdout, stderr }', value)
  const { stdout, stderr } = value
  return { stdout: writableOption('tee.stdout', stdout), stderr: writableOption('tee.stderr', stderr) }
}

function writableOption(name: string, value: unknown): Writable | undefined {
  if (value === undefined) return undefined
  if (!isObject(value) || typeof value['write'] !== 'function' || typeof value['once'] !== 'function') {
    throw invalidOption(name, 'a Writable', value)
  }
  return value as unknown as Writable
}
