// Callbacks that use the channel, or throw, leave it intact.
import assert from 'node:assert'
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { taken } from './states.ts'

test('onDrop may send into the same channel', async t => {
  const dropped: number[] = []
  const channel: Channel<number> = new Channel<number>({
    capacity: 2,
    overflow: 'drop-oldest',
    onDrop: value => {
      dropped.push(value)
      if (value < 10) channel.trySend(value + 10)
    },
  })
  for (const value of [1, 2, 3]) await channel.send(value)
  // 1 went for 3 and came back as 11, for which 2 went and came back as 12, for which 3 went and came back as 13, for which 11 went.
  t.deepEqual(dropped, [1, 2, 3, 11])
  t.deepEqual(taken(channel), [12, 13])
  t.is(channel.metrics().dropped, 4)
})

test('onDrop may close, cancel and resize the channel, and receive from it', async t => {
  for (const act of ['close', 'cancel', 'resize', 'receive'] as const) {
    let calls = 0
    const channel: Channel<number> = new Channel<number>({
      capacity: 2,
      overflow: 'drop-oldest',
      onDrop: () => {
        if (calls++ > 0) return
        if (act === 'resize') channel.resize(1)
        else if (act === 'receive') void channel.receive()
        else channel[act]()
      },
    })
    for (const value of [1, 2, 3]) t.is(channel.trySend(value), 'sent')
    const { length, sent, received, dropped } = channel.metrics()
    t.is(sent, received + dropped + length, act)
    t.is(length, { close: 2, cancel: 0, resize: 2, receive: 1 }[act])
    channel.cancel()
    t.is(channel.length, 0)
  }
})

test.serial('onDrop that throws becomes a warning and changes nothing', async t => {
  const channel = new Channel<number>({
    capacity: 3,
    overflow: 'drop-newest',
    onDrop: value => {
      throw new Error(`no place for ${value}`)
    },
  })
  for (const value of [1, 2, 3]) channel.trySend(value)
  const warnings: string[] = []
  const note = (error: Error): void => void warnings.push(error.message)
  process.on('warning', note)
  t.is(channel.trySend(4), 'dropped')
  await channel.send(5)
  t.is(channel.metrics().dropped, 2)
  channel.cancel()
  t.is(channel.metrics().dropped, 5)
  await waitFor(() => warnings.length >= 5)
  process.off('warning', note)
  t.deepEqual(
    warnings,
    [4, 5, 1, 2, 3].map(value => `no place for ${value}`),
  )
})

test.serial(
  'onDrop may throw anything, also what has no text: a warning each, and the call that dropped goes on',
  async t => {
    const thrown: unknown[] = [
      undefined,
      null,
      5,
      Symbol('odd'),
      Object.create(null),
      { toString: () => assert.fail('no text') },
    ]
    const warnings: string[] = []
    const note = (error: Error): void => void warnings.push(error.message)
    process.on('warning', note)
    for (const odd of thrown) {
      const channel = new Channel<number>({
        capacity: 1,
        overflow: 'drop-oldest',
        onDrop: () => {
          throw odd
        },
      })
      t.is(channel.trySend(1), 'sent')
      t.is(channel.trySend(2), 'sent')
      t.deepEqual(taken(channel), [2])
    }
    await waitFor(() => warnings.length >= thrown.length)
    process.off('warning', note)
    t.deepEqual(warnings, ['undefined', 'null', '5', 'Symbol(odd)', 'an instance of Object', 'an instance of Object'])
  },
)

test('a continuation of a send or receive may use the channel', async t => {
  const channel = new Channel<number>(1)
  const got: number[] = []
  const pump = channel.receive().then(async ({ value }) => {
    got.push(value ?? -1)
    channel.trySend(2)
    channel.close()
    got.push((await channel.receive()).value ?? -1)
    return channel.receive()
  })
  await channel.send(1)
  t.deepEqual(await pump, { value: undefined, done: true })
  t.deepEqual(got, [1, 2])
})

test('sizeOf may use the channel', async t => {
  const channel: Channel<number> = new Channel<number>({
    capacity: 2,
    maxBytes: 100,
    sizeOf: value => {
      if (value < 10) channel.trySend(value + 10)
      return 1
    },
  })
  await channel.send(1)
  t.deepEqual(taken(channel), [11, 1])
})
