// What 'sluicegate/inspect' gives: the snapshot as a page of this machine. Who may see it, and how it ends; what it looks like is the page's matter.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import { invalidOption, SluiceError } from '../errors.ts'
import { inspectorPage } from './inspector-page.ts'
import { snapshot, type Snapshot } from './snapshot.ts'

export { SluiceError, type ErrorCode } from '../errors.ts'

export interface InspectorOptions {
  /** 0, the default, takes one that is free. */
  port?: number
  /** The address to listen on, or `'localhost'`; `'127.0.0.1'` by default. With one that is not this machine's own, whoever learns the URL on that network can read along. */
  host?: string
}

/** A page that is being served. Disposal ends it and what it is connected to; without that it ends with the process, which it does not keep alive. */
export interface Inspector extends AsyncDisposable {
  /** Where it is, with a random token in it: only who has the whole of it is answered. */
  readonly url: string
}

const TOKEN_BYTES = 24

/**
 * Serves a live page of this thread's `snapshot()`: children by their program's name, and what has a name, with their counters and levels.
 * Arguments and environment are not part of a snapshot, so the page has none. It only shows; nothing can be changed through it. A snapshot is taken
 * when a page that somebody looks at asks for one, once a second. Rejects with ERR_INVALID_OPTION for a bad option, and with the system's
 * code (`EADDRINUSE`, …) when it can't listen.
 *
 * @example
 * await using inspector = await serveInspector()
 * console.log(inspector.url)
 */
export async function serveInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const { port, host } = checked(options)
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const server = createServer((request, response) => {
    answer(request, response, token)
  })
  // Neither a page that is open nor a connection that could not be accepted is a matter of the program.
  server.on('connection', socket => socket.unref())
  server.on('error', () => {})
  server.listen(port, host).unref()
  try {
    await once(server, 'listening')
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    throw new SluiceError(code, `The inspector can't listen on ${host}:${port}: ${code}`, { cause: error })
  }
  const { address, family, port: taken } = server.address() as AddressInfo
  const closed = new Promise<void>(resolve => server.once('close', resolve))
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/${token}/`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function checked(options: InspectorOptions): Required<InspectorOptions> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { port = 0, host = '127.0.0.1' } = options
  if (!Number.isInteger(port) || port < 0 || port > 0xff_ff) {
    throw invalidOption('port', 'an integer from 0 to 65535', port)
  }
  if (typeof host !== 'string' || (isIP(host) === 0 && host !== 'localhost')) {
    throw invalidOption('host', "an IP address, or 'localhost'", host)
  }
  return { port, host }
}

function answer(request: IncomingMessage, response: ServerResponse, token: string): void {
  const place = placeOf(request, token)
  response.setHeader('cache-control', 'no-store')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('x-content-type-options', 'nosniff')
  if (request.method !== 'GET' || place === undefined) {
    response.writeHead(404).end()
    return
  }
  if (place === 'snapshot') {
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.end(asJson(snapshot()))
    return
  }
  const nonce = randomBytes(TOKEN_BYTES).toString('base64')
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; frame-ancestors 'none'`
  response.setHeader('content-security-policy', policy)
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(inspectorPage(nonce))
}

/** What is asked for, if it may be: with the token, and by address, since a name that leads here may be somebody else's. */
function placeOf({ url = '', headers }: IncomingMessage, token: string): 'page' | 'snapshot' | undefined {
  const name = headers.host?.replace(/:\d+$/u, '').replace(/^\[(?<address>.*)\]$/u, '$<address>') ?? ''
  if (isIP(name) === 0 && name !== 'localhost') return undefined
  const [, given = '', ...rest] = url.split('/')
  const bytes = Buffer.from(given)
  const expected = Buffer.from(token)
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return undefined
  const place = rest.join('/')
  if (place === '') return 'page'
  return place === 'snapshot' ? 'snapshot' : undefined
}

/** JSON has no infinity, which is the capacity of what has no bound. */
function asJson(now: Snapshot): string {
  return JSON.stringify(now, (_key, value: unknown) => (value === Infinity ? 'Infinity' : value))
}
