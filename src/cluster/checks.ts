// The checks of what the methods of a log are given.
import { invalidOption } from '../errors.ts'
import { checkWait, type WaitOptions } from '../wait.ts'

/** Where an append must stand. */
export interface AppendOptions {
  epoch?: number
  expectedSequence?: number
}

/** What a reader may wait for and hold. */
export interface ReadOptions extends WaitOptions {
  maxBytes?: number
}

export const READ_AHEAD: number = 1024 * 1024

export function checkAppend(payloads: readonly Uint8Array[], options: AppendOptions | undefined): void {
  if (!Array.isArray(payloads)) throw invalidOption('payloads', 'an array of Uint8Arrays', payloads)
  for (const [i, payload] of payloads.entries()) {
    if (!(payload instanceof Uint8Array)) throw invalidOption(`payloads[${i}]`, 'a Uint8Array', payload)
  }
  if (options === undefined) return
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  if (options.epoch !== undefined) checkWhole('epoch', options.epoch, 1)
  if (options.expectedSequence !== undefined) checkWhole('expectedSequence', options.expectedSequence, 0)
}

export function checkRead(from: number, options: ReadOptions | undefined): void {
  checkWhole('from', from, 1)
  checkWait(options)
  const maxBytes = options?.maxBytes
  if (maxBytes !== undefined && !(typeof maxBytes === 'number' && maxBytes > 0)) {
    throw invalidOption('maxBytes', 'a number of bytes above 0', maxBytes)
  }
}

export function checkCommit(processor: string, sequence: number, epoch: number): void {
  checkProcessor(processor)
  checkWhole('sequence', sequence, 0)
  checkWhole('epoch', epoch, 1)
}

export function checkProcessor(processor: string): void {
  if (typeof processor !== 'string' || processor === '' || /[\0\p{Surrogate}]/u.test(processor)) {
    throw invalidOption('processor', 'a name of whole characters', processor)
  }
}

function checkWhole(option: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw invalidOption(option, `a whole number from ${least}`, value)
}
