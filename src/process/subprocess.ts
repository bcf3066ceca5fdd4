// The handle of a running child: the public face of a Life, and of the members of a pipe before it.
import type { Duplex } from 'node:stream'
import { invalidOption } from '../errors.ts'
import type { ByteReader, ByteWriter } from './byte-types.ts'
import { decode } from './collect.ts'
import { duplexOf } from './duplex.ts'
import type { Life } from './life.ts'
import type { ExtraEnd } from './extra-ends.ts'
import { childMetrics } from './metrics.ts'
import { isObject } from './options/check.ts'
import { ladderOptions, sentSignal } from './options/signals.ts'
import { sideOption } from './options/terminal.ts'
import { NO_OUTPUT, resultOf } from './result.ts'
import { verdict } from './verdict.ts'
import type { AnySubprocess, Exit, ProcessMetrics, Signal } from './types.ts'

export class Handle implements AnySubprocess {
  readonly pipedFrom: readonly Handle[]
  readonly #life: Life

  constructor(life: Life, pipedFrom: readonly Handle[] = []) {
    this.#life = life
    this.pipedFrom = pipedFrom
  }

  /** The handle of the last one; those before it are in its `pipedFrom`. */
  static ofPipe(members: readonly Life[]): Handle {
    const handles: Handle[] = []
    for (const life of members) handles.push(new Handle(life, handles.slice()))
    return handles.at(-1) as Handle
  }

  get pid(): number {
    return this.#life.pid
  }

  get containment(): 'tree' | 'group' | 'cgroup' | 'none' {
    return this.#life.containment
  }

  /** Of a pipe: the first member's. */
  get stdin(): ByteWriter | undefined {
    const [first = this] = this.pipedFrom
    const life = first.#life
    return life.settings.isStdinOurs ? undefined : life.ends?.stdin
  }

  get stdout(): ByteReader | undefined {
    return this.#life.ends?.stdout
  }

  get stderr(): ByteReader | undefined {
    return this.#life.ends?.stderr
  }

  get extraFds(): readonly ExtraEnd[] {
    return this.#life.ends?.extra ?? []
  }

  get stderrTail(): string {
    return decode(this.#life.stderrTail, 'utf8')
  }

  get exited(): Promise<Exit> {
    return this.#life.whenExited
  }

  get closed(): Promise<Exit> {
    return this.#life.whenClosed
  }

  get exit(): Exit | undefined {
    return this.#life.exit
  }

  async success(): Promise<Exit> {
    const members = this.#members()
    const results = await Promise.all(members.map(async life => resultOf(life, await life.whenClosed, NO_OUTPUT, [])))
    const failure = verdict(members, results)
    if (failure) throw failure
    return await this.closed
  }

  kill(signal: Signal = 'SIGTERM'): boolean {
    return this.#life.signal(sentSignal(signal), false)
  }

  killTree(signal: Signal = 'SIGTERM'): boolean {
    return this.#life.signal(sentSignal(signal), true)
  }

  async terminate(options: { killSignal?: Signal; killTimeout?: number } = {}): Promise<Exit> {
    if (!isObject(options)) throw invalidOption('options', 'an object', options)
    const { killSignal, killTimeout } = options
    await Promise.all(
      this.#members().map(life => life.end('terminate', ladderOptions({ killSignal, killTimeout }, life.settings))),
    )
    return await this.closed
  }

  resize(columns: number, rows: number): void {
    const { terminal } = this.#life.settings
    if (terminal === undefined) throw invalidOption('terminal', 'given, since nothing else has a size', terminal)
    const size = [sideOption('columns', columns), sideOption('rows', rows)] as const
    this.#life.ends?.resize(...size)
  }

  duplex(): Duplex {
    return duplexOf(this.stdin, this.stdout)
  }

  metrics(): ProcessMetrics {
    return childMetrics(this.#life)
  }

  ref(): this {
    for (const handle of this.pipedFrom) handle.ref()
    this.#life.refer(true)
    return this
  }

  unref(): this {
    for (const handle of this.pipedFrom) handle.unref()
    this.#life.refer(false)
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }

  #members(): Life[] {
    return [...this.pipedFrom, this].map(handle => handle.#life)
  }
}
