// What takes long to find out about a log in JetStream: that a server will not come back.
import test from 'ava'
import { jetstreamLog } from '../../src/cluster/index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'

const spec = hasNats ? test.serial : test.serial.skip

spec('what gets no answer for ten seconds rejects, and works again when the server is back', async t => {
  await using nats = await Nats.start()
  const log = await jetstreamLog({ servers: nats.servers, stream: 'a' })
  await log.append([new Uint8Array(1)])
  const reading = log.read(2)[Symbol.asyncIterator]().next()
  await nats.pause()
  const code = { code: 'ETIMEDOUT', message: new RegExp(nats.servers, 'u') }
  await Promise.all([
    t.throwsAsync(reading, code),
    t.throwsAsync(log.append([new Uint8Array(1)]), code),
    t.throwsAsync(log.cursor('p'), code),
    t.throwsAsync(log.acquire('p'), code),
  ])
  await nats.resume()
  t.is(await log.append([], { expectedSequence: 1 }), 1)
  t.is(await log.acquire('p'), 1)
  await nats.pause()
  const last = log.append([new Uint8Array(1)])
  await Promise.all([t.throwsAsync(last, code), log[Symbol.asyncDispose]()])
})
