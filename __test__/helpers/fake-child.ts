// A child that starts, speaks and ends when a test says so: for the life of a daemon without processes.

import type { DaemonChild } from '../../src/process/daemon/incarnation.ts'
import type { ByteWriter, Exit } from '../../index.ts'
import { deferred } from './deferred.ts'

export function exitWith(exitCode: number): Exit {
  return {
    ok: exitCode === 0,
    exitCode,
    signal: null,
    coreDumped: false,
    timedOut: false,
    isCanceled: false,
    lost: false,
    drained: true,
    durationMs: 1,
    resourceUsage: { maxRssBytes: 0, userCpuMs: 0, systemCpuMs: 0 },
  }
}

export class FakeChild implements DaemonChild {
  readonly #started = deferred()
  readonly #ready = deferred()
  readonly #over = deferred<Exit>()
  readonly pid: number
  exit: Exit | undefined
  stdin: ByteWriter | undefined
  readonly endings: string[] = []
  sweeps = 0

  constructor(pid: number) {
    this.pid = pid
  }

  get started(): Promise<void> {
    return this.#started.promise
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get exited(): Promise<Exit> {
    return this.#over.promise
  }

  get over(): Promise<Exit> {
    return this.#over.promise
  }

  /** Has been executed, and is ready if nothing else is said. */
  run(isReady = true): void {
    this.#started.resolve()
    if (isReady) this.#ready.resolve()
  }

  refuse(error: Error): void {
    this.#started.reject(error)
  }

  quit(exitCode: number): void {
    this.exit = exitWith(exitCode)
    this.#over.resolve(this.exit)
  }

  end(why: string): void {
    this.endings.push(why)
    if (this.exit === undefined) this.quit(0)
  }

  async sweep(): Promise<void> {
    this.sweeps++
  }

  failure(exit: Exit): Error {
    return new Error(`ended with ${exit.exitCode}`)
  }
}
