// The servers as they were given: where each is, who we are there, and how they are named in errors, which never show a secret.
import { invalidOption } from '../../errors.ts'

/** What a server is told at the beginning of a connection. */
export interface Credentials {
  readonly user?: string
  readonly pass?: string
  readonly token?: string
}

export interface Servers {
  /** `host:port` or `host`, nothing else. */
  readonly hosts: readonly string[]
  /** For errors. */
  readonly shown: string
  readonly credentials: Credentials
  readonly isEncrypted: boolean
}

/** Whatever is in front of the last `@` says who we are: user and password, or else a token. */
const SERVER = /^(?:(?<scheme>nats|tls):\/\/)?(?:(?<who>(?![a-z]+:\/\/).*)@)?(?<host>[^@\s/?#]+)\/?$/su
const EXPECTED =
  "'host:port', 'nats://user:password@host:port' or 'nats://token@host:port', or several of that, with the same credentials"

/** Throws ERR_INVALID_OPTION for what no client could reach. */
export function serversOf(given: string | readonly string[]): Servers {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw invalidOption('servers', EXPECTED, given)
  const found = list.map(parsed)
  const [credentials = {}, ...others] = new Map(
    found.flatMap(({ who }) => (who === undefined ? [] : [[JSON.stringify(who), who]])),
  ).values()
  // A connection that moves to another server takes what it has along.
  if (others.length > 0) throw refused('several credentials')
  const hosts = found.map(({ host }) => host)
  return { hosts, shown: hosts.join(', '), credentials, isEncrypted: found.some(({ scheme }) => scheme === 'tls') }
}

function parsed(server: unknown): { host: string; who: Credentials | undefined; scheme: string | undefined } {
  const { scheme, who, host } = (typeof server === 'string' ? SERVER.exec(server)?.groups : undefined) ?? {}
  // An address of version 6 may come without brackets.
  const place = host !== undefined && /^[^[\]]*:[^[\]]*:[^[\]]*$/u.test(host) ? `[${host}]` : host
  if (place === undefined || !URL.canParse(`http://${place}`)) {
    throw refused(typeof server === 'string' ? server.replace(/.*@/su, '…@') : server)
  }
  return { host: place, who: who === undefined ? undefined : credentialsOf(who), scheme }
}

function credentialsOf(who: string): Credentials {
  const at = who.indexOf(':')
  try {
    if (at === -1) return { token: decodeURIComponent(who) }
    return { user: decodeURIComponent(who.slice(0, at)), pass: decodeURIComponent(who.slice(at + 1)) }
  } catch {
    throw refused('credentials that are not encoded as in a URL')
  }
}

function refused(received: unknown): Error {
  return invalidOption('servers', EXPECTED, received)
}
