// What Linux tells about processes. Every answer may be old; a process that is gone is undefined.
import { readFileSync, readdirSync } from 'node:fs'

function read(file) {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

/** Bytes that read(2) and write(2) have moved so far. A write counts when it returns, so one that is blocked does not yet. */
export function io(pid) {
  const text = read(`/proc/${pid}/io`) ?? ''
  const field = name => Number(new RegExp(`^${name}: (\\d+)`, 'mu').exec(text)?.[1] ?? NaN)
  return { written: field('wchar'), read: field('rchar') }
}

/** State letter, parent, and CPU time in clock ticks. */
export function stat(pid) {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name stands in parentheses and may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], parent: Number(fields[1]), cpuTicks: Number(fields[11]) + Number(fields[12]) }
}

export const isAlive = pid => {
  const state = stat(pid)?.state
  return state !== undefined && state !== 'Z' && state !== 'X'
}

export function everyPid() {
  return readdirSync('/proc')
    .filter(name => /^\d+$/u.test(name))
    .map(Number)
}

/** Living processes that were started with this assignment in their environment, wherever they have gone since. */
export function marked(assignment) {
  return everyPid().filter(pid => isAlive(pid) && (read(`/proc/${pid}/environ`) ?? '').split('\0').includes(assignment))
}

/** Living processes below `pid` by their parents. */
export function below(pid) {
  const parents = new Map(everyPid().map(each => [each, stat(each)?.parent]))
  const found = [pid]
  for (const parent of found) for (const [each, its] of parents) if (its === parent) found.push(each)
  return found.slice(1).filter(isAlive)
}
