// A PostgreSQL server of our own for the length of a test: a fresh cluster that listens on a socket in its folder and on the loopback, if asked to.

import type { TestFn } from 'ava'
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { command, run, spawn, type AnySubprocess, type Command } from '../../index.ts'
import { waitFor } from './wait-for.ts'

// Debian keeps the server's programs away from PATH, in a folder for each version.
const DEBIAN = '/usr/lib/postgresql'
const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(version => path.join(DEBIAN, version, 'bin')) : []
const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...versions]
const isRoot = process.getuid?.() === 0

const programs = ['initdb', 'postgres', 'psql'] as const
type Program = (typeof programs)[number]

function find(program: Program): string | undefined {
  return folders.map(folder => path.join(folder, program)).find(file => existsSync(file))
}

export const hasPostgres: boolean = programs.every(program => find(program) !== undefined)

/** Specs that need the server: without its programs each is a visible skip, and nothing is started for them. */
export function onPostgres(test: TestFn): TestFn {
  if (hasPostgres) return test
  const skipped = (title: string): void => test.skip(title, () => {})
  return Object.assign(skipped, test, { before: () => {}, after: { always: () => {} } })
}

/** The server refuses to run as root. */
function unprivileged(program: Program, args: string[]): [string, string[]] {
  const file = find(program) ?? program
  if (!isRoot) return [file, args]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', file, ...args]]
}

function idsOf(user: string): [number, number] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(entry => entry.startsWith(`${user}:`))
  const [, , uid = '', gid = ''] = line?.split(':') ?? []
  return [Number(uid), Number(gid)]
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => void server.close(resolve))
  return port
}

export interface PostgresOptions {
  /** Listens on a free port of the loopback as well. */
  readonly tcp?: boolean
}

export class Postgres implements AsyncDisposable {
  /** 0 without TCP. */
  readonly port: number
  readonly #folder: string
  #server: AnySubprocess | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  static async start({ tcp = false }: PostgresOptions = {}): Promise<Postgres> {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-pg-'))
    if (isRoot) chownSync(folder, ...idsOf('postgres'))
    const making = ['-D', path.join(folder, 'data'), '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--no-sync']
    await run(...unprivileged('initdb', [...making, '--locale=C']), { cwd: folder })
    const postgres = new Postgres(folder, tcp ? await freePort() : 0)
    await postgres.resume()
    return postgres
  }

  /** Starts the server again, on what it left. */
  async resume(): Promise<void> {
    const addresses =
      this.port > 0 ? ['-c', 'listen_addresses=127.0.0.1', '-p', `${this.port}`] : ['-c', 'listen_addresses=']
    const settings = [
      '-D',
      path.join(this.#folder, 'data'),
      '-k',
      this.#folder,
      '-c',
      'fsync=off',
      '-c',
      'max_connections=300',
      ...addresses,
    ]
    const server = await spawn(...unprivileged('postgres', settings), { cwd: this.#folder, killSignal: 'SIGINT' })
    this.#server = server
    const isReady = async (): Promise<boolean> => (await this.psql('SELECT 1').with({ reject: false }).run()).ok
    await waitFor(isReady, { deadline: 30_000, interval: 50, what: () => `the server:\n${server.stderrTail}` })
  }

  /** Ends it: its clients are told and dropped. */
  async pause(): Promise<void> {
    await this.#server?.terminate()
  }

  /** How `pg` gets there; through another port, if one is given. */
  connectionString(port = this.port): string {
    const host = port > 0 ? `127.0.0.1:${port}` : ''
    return `postgres://tester@${host}/postgres${host === '' ? `?host=${encodeURIComponent(this.#folder)}` : ''}`
  }

  /** A client that runs one statement. */
  psql(statement: string): Command {
    const port = this.port > 0 ? ['-p', `${this.port}`] : []
    return command('psql', ['-h', this.#folder, ...port, '-U', 'tester', '-d', 'postgres', '-qAtX', '-c', statement])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
