// Clients of the engines are optional: the package does without, and a log that needs one says which.
import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

const needs: readonly [string, string, unknown][] = [
  ['@nats-io/transport-node', 'jetstreamLog', { servers: '127.0.0.1:1', stream: 's' }],
  ['@nats-io/jetstream', 'jetstreamLog', { servers: '127.0.0.1:1', stream: 's' }],
  ['pg', 'postgresLog', { connectionString: 'postgres://127.0.0.1:1/x' }],
]
for (const [missing, name, options] of needs) {
  test(`without ${missing} ${name} says what to install`, async t => {
    await using household = startHousehold('without-peer.ts', { args: [missing, name, JSON.stringify(options)] })
    const told = await household.node.message<string>()
    t.is(told, `ERR_PLATFORM_UNSUPPORTED This log needs the package ${missing}: npm install ${missing}`)
  })
}
