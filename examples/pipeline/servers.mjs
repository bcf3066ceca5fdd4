// Servers of one's own for the length of the example, if their programs are installed. Each has a folder for itself and a port of the loopback.
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run, spawn } from 'sluicegate/process'

/** Starts 'postgres' or 'jetstream'. Gives what `--log` takes, and what stops it. */
export async function startServer(kind) {
  const starters = { postgres: startPostgres, jetstream: startJetStream }
  if (!(kind in starters)) throw new Error(`--start takes postgres or jetstream, not ${kind}`)
  const folder = await mkdtemp(path.join(tmpdir(), 'sluicegate-server-'))
  const port = await freePort()
  const { server, log } = await starters[kind](port, folder)
  await answers(port)
  const stop = async () => {
    await server.terminate()
    await rm(folder, { recursive: true, force: true })
  }
  return { log, stop }
}

async function startPostgres(port, folder) {
  const who = await unprivileged()
  if (who.uid !== undefined) await chown(folder, who.uid, who.gid)
  const data = path.join(folder, 'data')
  await run(program('initdb'), ['-D', data, '-U', 'example', '-A', 'trust', '-E', 'UTF8'], { ...who, cwd: folder })
  const settings = ['-D', data, '-k', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1']
  const server = await spawn(program('postgres'), settings, { ...who, cwd: folder, killSignal: 'SIGINT' })
  return { server, log: `postgres=postgres://example@127.0.0.1:${port}/postgres` }
}

async function startJetStream(port, folder) {
  const server = await spawn(program('nats-server'), ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', folder])
  return { server, log: `jetstream=127.0.0.1:${port}` }
}

/** Debian keeps the programs of PostgreSQL away from PATH, in a folder for each version. */
function program(name) {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).map(version => path.join(debian, version, 'bin')) : []
  const found = [...process.env.PATH.split(path.delimiter), ...versions]
    .map(folder => path.join(folder, name))
    .find(file => existsSync(file))
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

/** PostgreSQL refuses to run as root. */
async function unprivileged() {
  if (process.getuid() !== 0) return {}
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async which => (await run('id', [which, 'postgres'])).stdout))
  return { uid: Number(uid), gid: Number(gid) }
}

async function freePort() {
  const server = createServer()
  await new Promise(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => void server.close(resolve))
  return port
}

async function answers(port) {
  for (let tries = 200; tries > 0; tries--) {
    const isThere = await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isThere) return
    await new Promise(resolve => void setTimeout(resolve, 50))
  }
  throw new Error(`nobody listens on port ${port}`)
}
