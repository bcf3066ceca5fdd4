// The log in JetStream keeps what every log keeps, on a server of its own. Only where there is one.
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import test from 'ava'
import { jetstreamLog } from '../../src/cluster/index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'
import { conformance } from './conformance.ts'

if (hasNats) {
  conformance('JetStream', { isRemote: true, largest: 1024 * 1024 - 512 }, async () => {
    const nats = await Nats.start()
    const admin = await connect({ servers: nats.servers })
    const { streams, consumers } = await jetstreamManager(admin)
    return {
      port: nats.port,
      open: (log, port = nats.port) => jetstreamLog({ servers: `127.0.0.1:${port}`, stream: log }),
      trim: async (log, upTo) => void (await streams.purge(log, { seq: upTo + 1 })),
      readers: async log => (await consumers.list(log).next()).length,
      [Symbol.asyncDispose]: async () => {
        await admin.close()
        await nats[Symbol.asyncDispose]()
      },
    }
  })
} else test('there is no nats-server here', t => t.pass())
