// A NATS server of our own for the length of a test: on a free port of this machine, with its store in a folder that goes with it.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { spawn, type AnySubprocess } from '../../index.ts'
import { packageRoot } from './programs.ts'
import { waitFor } from './wait-for.ts'

// `.ci/run` puts one there.
const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), path.join(packageRoot, 'target/nats/bin')]
const program = folders.map(folder => path.join(folder, 'nats-server')).find(file => existsSync(file))

export const hasNats: boolean = program !== undefined

export interface NatsOptions {
  readonly jetstream?: boolean
  /** The text of a configuration file. */
  readonly config?: string
}

export class Nats implements AsyncDisposable {
  readonly #folder: string
  readonly #settings: readonly string[]
  #server: AnySubprocess | undefined
  /** The same after a restart. */
  port = 0

  private constructor(folder: string, settings: readonly string[]) {
    this.#folder = folder
    this.#settings = settings
  }

  static async start({ jetstream = true, config = '' }: NatsOptions = {}): Promise<Nats> {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-nats-'))
    const file = path.join(folder, 'nats.conf')
    writeFileSync(file, config)
    const nats = new Nats(folder, ['-c', file, ...(jetstream ? ['-js', '-sd', folder] : [])])
    await nats.resume()
    return nats
  }

  get servers(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Starts the server again, on what it left. */
  async resume(): Promise<void> {
    const port = this.port === 0 ? -1 : this.port
    const args = [...this.#settings, '-a', '127.0.0.1', '-p', String(port)]
    const server = await spawn(program ?? 'nats-server', args, { stdout: 'ignore', stderr: { tail: 64 * 1024 } })
    this.#server = server
    const what = (): string => `the server:\n${server.stderrTail}`
    await waitFor(() => server.stderrTail.includes('Server is ready'), { deadline: 30_000, what })
    this.port = Number(/client connections on 127\.0\.0\.1:(?<port>\d+)/u.exec(server.stderrTail)?.groups?.['port'])
  }

  /** Ends it as a crash does. */
  async pause(): Promise<void> {
    this.#server?.kill('SIGKILL')
    await this.#server?.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.terminate()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
