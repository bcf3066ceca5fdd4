// The inspector's page, asked for over its socket.

import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import anyTest from 'ava'
import { Channel, run, spawn, type Snapshot } from '../../index.ts'
import { serveInspector } from '../../src/observe/inspect.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Node's own client, since `fetch` keeps its connections and lets nobody choose the Host header. */
async function ask(
  url: string | URL,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    asked.on('error', reject).end()
  })
}

test('the page shows children and what has a name, without arguments and environment values', async t => {
  await using inspector = await serveInspector()
  t.regex(inspector.url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/u)
  const channel = new Channel<number>({ capacity: Infinity, name: '<b>orders</b>' })
  await using child = await spawn('sleep', ['4711'], { env: { SECRET: 'xyzzy' }, killSignal: 'SIGKILL' })
  await channel.send(1)

  const { status, headers, text } = await ask(new URL('snapshot', inspector.url))
  t.is(status, 200)
  t.is(headers['cache-control'], 'no-store')
  const now = JSON.parse(text) as Snapshot
  t.is(now.processes.find(({ pid }) => pid === child.pid)?.file, 'sleep')
  t.like(
    now.channels.find(({ name }) => name === '<b>orders</b>'),
    { length: 1, capacity: 'Infinity' },
  )
  t.notRegex(text, /4711|xyzzy/u)

  const page = await ask(inspector.url)
  t.is(page.status, 200)
  t.regex(String(page.headers['content-security-policy']), /^default-src 'none'; style-src 'nonce-/u)
  t.regex(page.text, /^<!doctype html>/u)
  t.notRegex(page.text, /4711|xyzzy|orders/u)
})

test('who lacks the token, comes by another name, or wants to do something, is told nothing', async t => {
  await using inspector = await serveInspector()
  const { origin, pathname } = new URL(inspector.url)
  const wrong = pathname.replace(/./gu, letter => (letter === '/' ? '/' : 'A'))
  for (const place of ['', '/', '/snapshot', wrong, `${wrong}snapshot`, `${pathname}other`, `${pathname}../snapshot`]) {
    t.is((await ask(`${origin}${place}`)).status, 404, place)
  }
  t.is((await ask(inspector.url, { headers: { host: 'rebound.example' } })).status, 404)
  t.is((await ask(inspector.url, { method: 'POST' })).status, 404)
  t.is((await ask(inspector.url, { headers: { host: 'localhost:1' } })).status, 200)
})

test('each has a token of its own; disposal ends what is connected, and may be repeated', async t => {
  const first = await serveInspector()
  const second = await serveInspector({ port: 0, host: 'localhost' })
  t.not(new URL(first.url).pathname, new URL(second.url).pathname)
  const held = connect(Number(new URL(first.url).port), '127.0.0.1').resume()
  const isGone = new Promise<unknown>(resolve => held.on('error', () => {}).on('close', resolve))
  await once(held, 'connect')
  // Not a whole request, so that the connection is not an idle one.
  await new Promise(resolve => held.write('GET / HTTP/1.1\r\n', resolve))
  await first[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  await isGone
  await t.throwsAsync(ask(first.url), { code: 'ECONNREFUSED' })
  await second[Symbol.asyncDispose]()
})

test('a port that is taken is the error of the system, and bad options are errors that name them', async t => {
  await using inspector = await serveInspector()
  await t.throwsAsync(serveInspector({ port: Number(new URL(inspector.url).port) }), { code: 'EADDRINUSE' })
  for (const [options, name] of [
    [{ port: -1 }, /`port` must be/u],
    [{ port: 65_536 }, /`port` must be/u],
    [{ port: '80' }, /`port` must be/u],
    [{ host: 'example.org' }, /`host` must be an IP address/u],
    [null, /`options` must be/u],
  ] as const) {
    await t.throwsAsync(serveInspector(options as never), { code: 'ERR_INVALID_OPTION', message: name })
  }
})

test('an open page keeps no program alive', async t => {
  const inspect = new URL('../../src/observe/inspect.ts', import.meta.url)
  const program = `import { serveInspector } from '${inspect.href}'; import { connect } from 'node:net'
    const { url } = await serveInspector()
    connect(new URL(url).port, '127.0.0.1', function () { this.unref(); console.log('left') })`
  const args = ['--import', '@oxc-node/core/register', '--input-type=module', '-e', program]
  const { ok, stdout } = await run(process.execPath, args, { timeout: 60_000 })
  t.true(ok)
  t.is(stdout, 'left')
})
