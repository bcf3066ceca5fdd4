// Three deadlocks of a stream processor with the pressure of its runtime, as its authors reported them, built anew: each is found and named, and
// each has the way out that was missing there.
import test from 'ava'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Channel, Valve, type Sender, type ValveEvent } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

interface Party {
  readonly valve: Valve
  readonly authority: ReturnType<typeof Valve.create>['authority']
  readonly inbox: Channel<string>
  readonly events: (ValveEvent | { readonly type: 'lagged' })[]
}

function party(name: string, options: { onDeadlock?: 'throw'; stallAfter?: number } = {}): Party {
  const made = Valve.create({ name, ...options })
  const events: Party['events'] = []
  const listening = made.valve.events()
  void (async () => {
    for await (const event of listening) events.push(event)
  })()
  return { ...made, inbox: new Channel<string>(1), events }
}

function told(type: ValveEvent['type'], { events }: Party): readonly string[] | undefined {
  const found = events.find(event => event.type === type)
  return found !== undefined && 'path' in found ? found.path : undefined
}

async function connected(): Promise<{ socket: Socket; peer: Socket; close: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [Socket]
  peer.pause()
  socket.on('error', () => {})
  peer.on('error', () => {})
  return {
    socket,
    peer,
    close: async () => {
      socket.destroy()
      peer.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test('a sink whose connection closes while it applies pressure: a stall that names it; owned by the connection, none', async t => {
  const [source, sink] = [party('source', { stallAfter: 5 }), party('sink')]
  source.valve.feeds(sink.valve)
  const { socket, peer, close } = await connected()
  const forgotten = sink.authority.apply('throttled')
  sink.authority.apply('throttled', { owner: { closed: once(socket, 'close') } })
  const send = source.valve.guard(source.inbox).send('row')
  peer.destroy()
  socket.destroy()
  await waitFor(() => sink.valve.holders().length === 1)
  t.is(await standing(send), 'pending')
  const path = await waitFor(() => told('stall', source))
  t.deepEqual(path, ['source', 'sink'])
  t.is(sink.valve.holders()[0]?.reason, 'throttled')
  forgotten.release()
  await send
  await close()
})

test('two workers whose boundaries are full in both directions: found, named, and broken where that was asked for', async t => {
  const workers = [party('initializer'), party('worker', { onDeadlock: 'throw' })] as const
  const boundaries = [party('boundary out'), party('boundary back')] as const
  const around = [workers[0], boundaries[0], workers[1], boundaries[1]]
  for (const [at, one] of around.entries()) one.valve.feeds((around[(at + 1) % 4] as Party).valve)
  const failures: unknown[] = []
  // Each takes one, and has two to give for it.
  const work = async (own: Party, to: Sender<string>): Promise<void> => {
    for await (const row of own.inbox) {
      for (const copy of [1, 2]) await to.send(`${row}${copy}`).catch((error: unknown) => failures.push(error))
    }
  }
  for (const [at, one] of around.entries()) {
    const next = around[(at + 1) % 4] as Party
    void work(one, next.valve.guard(next.inbox))
  }
  void workers[0].inbox.send('row ')
  const path = await waitFor(() => told('deadlock', workers[0]))
  t.deepEqual([...new Set(path)].sort(), ['boundary back', 'boundary out', 'initializer', 'worker'])
  await waitFor(() => failures.length > 0)
  t.like(failures[0], { code: 'ERR_DEADLOCK' })
  for (const { inbox } of around) inbox.cancel()
})

test('acknowledgements held up by the pressure that they would end: found and named; sent past the valve they end it', async t => {
  for (const isGuarded of [true, false]) {
    const [boundary, receiver] = [party('boundary'), party('receiver')]
    boundary.valve.feeds(receiver.valve)
    receiver.valve.feeds(boundary.valve)
    // What the boundary has sent and nobody has acknowledged yet.
    const unacknowledged = new Channel<string>(2)
    boundary.authority.watch(unacknowledged, { high: 1, low: 0 })
    for (const row of ['one', 'two']) {
      await unacknowledged.send(row)
      receiver.inbox.trySend(row)
    }
    // The receiver is full, so the boundary waits for it; and the receiver is at an acknowledgement.
    const forwarded = receiver.valve.guard(receiver.inbox).send('three')
    const acknowledgements = boundary.inbox
    const acknowledged = (isGuarded ? boundary.valve.guard(acknowledgements) : acknowledgements).send('two')
    if (isGuarded) {
      const path = await waitFor(() => told('deadlock', boundary))
      t.deepEqual([...new Set(path)].sort(), ['boundary', 'receiver'])
      t.is(await standing(acknowledged), 'pending')
    } else {
      await acknowledged
      for (let i = 0; i < 2; i++) unacknowledged.tryReceive()
      t.false(boundary.valve.isUnderPressure)
      receiver.inbox.tryReceive()
      await forwarded
      await turns(5)
      t.is(told('deadlock', boundary), undefined)
    }
    for (const channel of [unacknowledged, boundary.inbox, receiver.inbox]) channel.cancel()
    await Promise.allSettled([forwarded, acknowledged])
  }
})
