// The checks of what windows are made with.
import { invalidOption } from '../../errors.ts'
import type { Window, WindowOptions } from './types.ts'

export function checkSource(name: string, source: unknown): void {
  const isIterable =
    source !== null &&
    typeof source === 'object' &&
    typeof (source as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function'
  if (!isIterable) throw invalidOption(name, 'an async iterable', source)
}

export function checkCallback(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(name, 'a function', value)
}

export function checkWindows<T, A>(options: WindowOptions<T, A>): void {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { window = { type: 'global' }, initial, reduce, trigger = {} } = options
  checkCallback('initial', initial)
  checkCallback('reduce', reduce)
  checkWindow(window)
  if (trigger === null || typeof trigger !== 'object') throw invalidOption('trigger', 'an object', trigger)
  const { every, when, interval } = trigger
  if (every !== undefined) checkCount('trigger.every', every)
  if (when !== undefined) checkCallback('trigger.when', when)
  if (interval !== undefined) checkSpan('trigger.interval', interval)
}

function checkWindow<T>(window: Window<T>): void {
  switch (window?.type) {
    case 'global':
      return
    case 'count':
      return checkCount('window.size', window.size)
    case 'periodic':
      return checkSpan('window.every', window.every)
    case 'fixed': {
      const { every, timeOf, lateness = 0, onLate } = window
      checkSpan('window.every', every)
      checkCallback('window.timeOf', timeOf)
      if (!(typeof lateness === 'number' && lateness >= 0)) {
        throw invalidOption('window.lateness', 'a number of ms that is not negative', lateness)
      }
      if (onLate !== undefined) checkCallback('window.onLate', onLate)
      return
    }
    default:
      throw invalidOption(
        'window.type',
        "'global', 'count', 'fixed' or 'periodic'",
        (window as { type?: unknown })?.type,
      )
  }
}

function checkCount(name: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 1))
    throw invalidOption(name, 'a number of events from 1', value)
}

function checkSpan(name: string, value: unknown): void {
  if (!(typeof value === 'number' && value > 0 && value < Infinity)) {
    throw invalidOption(name, 'a number of ms above 0', value)
  }
}
