// A NATS server of our own for the length of a test: on a free port of this machine, with its store in a folder that goes with it.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { spawn, type AnySubprocess } from '../../index.ts'
import { packageRoot } from './programs.ts'
import { waitFor } from './wait-for.ts'

// `.ci/run` puts one there.
const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), path.join(packageRoot, 'target/nats/bin')]
const program = folders.map(folder => path.join(folder, 'nats-server')).find(file => existsSync(file))

export const hasNats: boolean = program !== undefined

export class Nats implements AsyncDisposable {
  readonly #folder: string
  #server: AnySubprocess | undefined
  /** The same after a restart. */
  port = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async start(): Promise<Nats> {
    const nats = new Nats(mkdtempSync(path.join(tmpdir(), 'sluicegate-nats-')))
    await nats.start()
    return nats
  }

  get servers(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const port = this.port === 0 ? -1 : this.port
    const args = ['-js', '-sd', this.#folder, '-a', '127.0.0.1', '-p', String(port)]
    const server = await spawn(program ?? 'nats-server', args, { stdout: 'ignore', stderr: { tail: 64 * 1024 } })
    this.#server = server
    const what = (): string => `the server:\n${server.stderrTail}`
    await waitFor(() => server.stderrTail.includes('Server is ready'), { deadline: 30_000, what })
    this.port = Number(/client connections on 127\.0\.0\.1:(?<port>\d+)/u.exec(server.stderrTail)?.groups?.['port'])
  }

  /** As a crash ends it. */
  async kill(): Promise<void> {
    this.#server?.kill('SIGKILL')
    await this.#server?.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.terminate()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
