// What is read off a process from outside, through /proc.

import { readdirSync, readFileSync } from 'node:fs'

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

export function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length
}

export function residentKilobytes(pid: number): number {
  return Number(
    /^VmRSS:\s+(?<kilobytes>\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.groups?.['kilobytes'],
  )
}
