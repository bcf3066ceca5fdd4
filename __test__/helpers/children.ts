// Runs a script in a second Node process and talks to it by messages and lines: for what ends or breaks a whole process.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { packageRoot } from './programs.ts'

export interface NodeChildOptions {
  readonly args?: readonly string[]
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface NodeExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What comes before anyone asks waits here; at the end every waiting and later `next` rejects. */
class Inbox<T> {
  readonly #what: string
  readonly #items: T[] = []
  readonly #waiting: { resolve: (item: T) => void; reject: (error: Error) => void }[] = []
  #ended: Error | undefined

  constructor(what: string) {
    this.#what = what
  }

  push(item: T): void {
    const first = this.#waiting.shift()
    if (first) first.resolve(item)
    else this.#items.push(item)
  }

  end(why: string): void {
    this.#ended ??= new Error(`no ${this.#what} any more: ${why}`)
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended)
  }

  async next(): Promise<T> {
    if (this.#items.length > 0) return this.#items.shift() as T
    if (this.#ended) throw this.#ended
    return await new Promise((resolve, reject) => void this.#waiting.push({ resolve, reject }))
  }
}

export class NodeChild implements AsyncDisposable {
  readonly process: ChildProcess
  readonly exited: Promise<NodeExit>
  readonly #messages = new Inbox<unknown>('message')
  readonly #lines = new Inbox<string>('line')
  #stderr = ''

  constructor(child: ChildProcess) {
    this.process = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    child.on('message', message => this.#messages.push(message))
    if (child.stdout) createInterface({ input: child.stdout }).on('line', line => this.#lines.push(line))
    this.exited = once(child, 'close').then(([code, signal]: unknown[]) => {
      const exit = { code: code as number | null, signal: signal as NodeJS.Signals | null }
      const why = `exit ${exit.code ?? exit.signal}\n${this.#stderr}`
      this.#messages.end(why)
      this.#lines.end(why)
      return exit
    })
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the second Node process did not start')
    return this.process.pid
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The next message it sent with `process.send`. */
  async message<T = unknown>(): Promise<T> {
    return (await this.#messages.next()) as T
  }

  /** The next line of its standard output. */
  async line(): Promise<string> {
    return await this.#lines.next()
  }

  send(message: string | number | object): void {
    this.process.send?.(message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL')
    await this.exited
  }
}

function start(script: readonly string[], options: NodeChildOptions): NodeChild {
  const { args = [], execArgv = [], env = {}, cwd = packageRoot } = options
  const words = ['--import=@oxc-node/core/register', ...execArgv, ...script, ...args]
  return new NodeChild(
    spawn(process.execPath, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }),
  )
}

/** Runs a file, `.ts` or `.mjs`. */
export function startNode(file: string | URL, options: NodeChildOptions = {}): NodeChild {
  return start([file instanceof URL ? file.pathname : file], options)
}

/** Runs an ES module given as text; bare and relative imports are resolved from `cwd`, the package's root by default. */
export function startScript(source: string, options: NodeChildOptions = {}): NodeChild {
  return start(['--input-type=module', '--eval', source], options)
}
