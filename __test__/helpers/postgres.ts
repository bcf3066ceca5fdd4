// A PostgreSQL server of our own for the length of a test: a fresh cluster that listens on nothing but a socket in its folder.

import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
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

export class Postgres implements AsyncDisposable {
  readonly #folder: string
  readonly #server: AnySubprocess

  private constructor(folder: string, server: AnySubprocess) {
    this.#folder = folder
    this.#server = server
  }

  static async start(): Promise<Postgres> {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-pg-'))
    if (isRoot) chownSync(folder, ...idsOf('postgres'))
    const data = path.join(folder, 'data')
    const making = ['-D', data, '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']
    await run(...unprivileged('initdb', making), { cwd: folder })
    const settings = ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off']
    const server = await spawn(...unprivileged('postgres', settings), { cwd: folder, killSignal: 'SIGINT' })
    const postgres = new Postgres(folder, server)
    const isReady = async (): Promise<boolean> => (await postgres.psql('SELECT 1').with({ reject: false }).run()).ok
    await waitFor(isReady, { deadline: 30_000, interval: 50, what: () => `the server:\n${server.stderrTail}` })
    return postgres
  }

  /** A client that runs one statement. */
  psql(statement: string): Command {
    return command('psql', ['-h', this.#folder, '-U', 'tester', '-d', 'postgres', '-qAtX', '-c', statement])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.terminate()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
