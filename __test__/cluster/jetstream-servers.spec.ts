// How the servers of a JetStream log are given: their places, who we are there, and what is told of those that can't be used.
import test from 'ava'
import { inspect } from 'node:util'
import { SluiceError } from '../../index.ts'
import { jetstreamLog, type EventLog } from '../../src/cluster/index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'

const spec = hasNats ? test : test.skip
const withPassword = 'authorization { user: app, password: "s3c:r@t/x" }'
const withToken = 'authorization { token: "a%b" }'
const password = encodeURIComponent('s3c:r@t/x')

async function works(log: EventLog): Promise<boolean> {
  try {
    return (await log.append([Buffer.from('a')])) === 1
  } finally {
    await log[Symbol.asyncDispose]()
  }
}

spec(
  'JetStream: a server that asks for a user and a password gets them from its URL, also after it was away',
  async t => {
    await using nats = await Nats.start({ config: withPassword })
    const { servers } = nats
    t.true(await works(await jetstreamLog({ servers: `nats://app:${password}@${servers}/`, stream: 'a' })))
    t.true(await works(await jetstreamLog({ servers: `app:${password}@${servers}`, stream: 'b' })))
    // One of several is dead.
    await using log = await jetstreamLog({
      servers: [`nats://app:${password}@127.0.0.1:1`, `nats://app:${password}@${servers}`],
      stream: 'c',
    })
    await log.append([Buffer.from('a')])
    await nats.pause()
    await nats.resume()
    t.is(await log.append([Buffer.from('b')]), 2)
  },
)

spec('JetStream: a server that asks for a token gets it from its URL', async t => {
  await using nats = await Nats.start({ config: withToken })
  t.true(
    await works(await jetstreamLog({ servers: `nats://${encodeURIComponent('a%b')}@${nats.servers}`, stream: 'a' })),
  )
})

spec('JetStream: who is not let in is told so, and no secret is shown', async t => {
  await using nats = await Nats.start({ config: withPassword })
  for (const servers of [nats.servers, `nats://app:hidden@${nats.servers}`, `nats://hidden@${nats.servers}`]) {
    const error = await t.throwsAsync(jetstreamLog({ servers, stream: 'a' }), {
      instanceOf: SluiceError,
      code: 'EACCES',
      message: /Authorization Violation/u,
    })
    t.notRegex(inspect(error, { depth: Infinity }), /hidden/u)
  }
})

spec('JetStream: tls:// is never spoken in the clear', async t => {
  await using nats = await Nats.start()
  await t.throwsAsync(jetstreamLog({ servers: `tls://${nats.servers}`, stream: 'a' }), { message: /tls/u })
})

test('JetStream: servers that no client could reach are refused, and no secret is shown', async t => {
  const wrong = [
    '',
    'nats://',
    'http://localhost',
    'ws://hidden@localhost',
    'no name of a host',
    'localhost:99999',
    'nats://app:hidden@localhost:99999',
    'nats://app:hidden%@localhost',
    ['nats://app:hidden@a', 'nats://app:hidden2@b'],
    [],
    [''],
    7,
    null,
    [7],
  ]
  for (const servers of wrong) {
    const error = await t.throwsAsync(jetstreamLog({ servers: servers as string, stream: 'a' }), {
      instanceOf: SluiceError,
      code: 'ERR_INVALID_OPTION',
      message: /`servers`/u,
    })
    t.notRegex(inspect(error), /hidden/u)
  }
  await t.throwsAsync(jetstreamLog({ servers: 'localhost', stream: '$JS' }), {
    code: 'ERR_INVALID_OPTION',
    message: /`stream`/u,
  })
})
