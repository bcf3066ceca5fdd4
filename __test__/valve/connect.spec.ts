// One line each: a child whose stdin is full, a full channel, a slow stage and a socket apply pressure, and the producer above stops.
import anyTest from 'ava'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Channel, consumer, producer, run, spawn, Valve } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a child whose stdin is full', async t => {
  const { valve, authority } = Valve.create({ name: 'child' })
  const rows = new Channel<number>(10)
  const guarded = valve.guard(rows)
  const child = await spawn('sh', ['-c', 'kill -STOP $$; cat >/dev/null'], { stdin: 'pipe' })
  const written = authority.during(child.stdin.write(new Uint8Array(1 << 20)), 'stdin')
  t.true(valve.isUnderPressure)
  const send = guarded.send(1)
  t.is(await standing(send), 'pending')
  await waitFor(() => child.kill('SIGCONT') && !valve.isUnderPressure, { deadline: 20_000 })
  await Promise.all([written, send])
  await child.stdin.end()
  await child.success()
})

test('a child that ends takes its pressure with it', async t => {
  const { valve, authority } = Valve.create()
  const child = await spawn('cat', [], { stdin: 'pipe' })
  authority.apply('as long as it lives', { owner: child })
  t.true(valve.isUnderPressure)
  await child.stdin.end()
  await child.closed
  await valve.opened({ timeout: 20_000 })
  t.false(valve.isUnderPressure)
})

test('a full channel', async t => {
  const { valve, authority } = Valve.create()
  const full = new Channel<number>(2)
  authority.watch(full, { high: 1, low: 0.5 })
  full.trySend(1)
  full.trySend(2)
  t.true(valve.isUnderPressure)
  full.tryReceive()
  t.false(valve.isUnderPressure)
})

test('a slow stage', async t => {
  const { valve, authority } = Valve.create()
  const gate = deferred()
  const sink = consumer<number>(() => authority.during(gate.promise, 'slow stage'))
  await sink.subscribeTo(producer([1]))
  await waitFor(() => valve.isUnderPressure)
  t.is(valve.holders()[0]?.reason, 'slow stage')
  gate.resolve()
  await sink.done
  t.false(valve.isUnderPressure)
})

test('a socket until its drain', async t => {
  const { valve, authority } = Valve.create()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [Socket]
  peer.pause()
  await once(socket, 'connect')
  while (socket.write(Buffer.alloc(1 << 20)));
  const drained = authority.during(once(socket, 'drain'), 'socket')
  t.true(valve.isUnderPressure)
  t.is(await standing(drained), 'pending')
  peer.resume()
  await drained
  t.false(valve.isUnderPressure)
  socket.destroy()
  peer.destroy()
  server.close()
  await once(server, 'close')
})
