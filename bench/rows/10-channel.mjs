// One item from a producer's send to a consumer's receive through a channel of capacity 16, both in a loop of their own. Beside it the
// channels of packages, a web TransformStream, and `events.on`, which has no bound: its producer never waits.
import { EventEmitter, on } from 'node:events'
import { peer } from '../harness/peers.mjs'

const CAPACITY = 16
const count = isQuick => (isQuick ? 200_000 : 500_000)

/** `pump` carries the numbers 0 to items - 1 and fulfils with their sum. */
function side(open, pump) {
  return {
    open,
    measure: async (isQuick, state) => {
      const items = count(isQuick)
      const began = performance.now()
      const sum = await pump(items, state)
      const ms = performance.now() - began
      if (sum !== (items * (items - 1)) / 2) throw new Error(`the sum of what came is ${sum}`)
      return { 'million pairs/s': items / 1000 / ms }
    },
  }
}

/** For channels with a call for each side: `receive` gives an item. */
async function loops(items, send, receive) {
  const producer = (async () => {
    for (let i = 0; i < items; i++) await send(i)
  })()
  let sum = 0
  for (let i = 0; i < items; i++) sum += await receive()
  await producer
  return sum
}

export const row = {
  title: 'A send and a receive, capacity 16',
  sides: {
    channel: side(
      () => import('sluicegate/channel'),
      async (items, { Channel }) => {
        const channel = new Channel(CAPACITY)
        const producer = (async () => {
          for (let i = 0; i < items; i++) await channel.send(i)
          channel.close()
        })()
        let sum = 0
        for await (const value of channel) sum += value
        await producer
        return sum
      },
    ),
    'channel, receiveMany': side(
      () => import('sluicegate/channel'),
      async (items, { Channel }) => {
        const channel = new Channel(CAPACITY)
        const producer = (async () => {
          for (let i = 0; i < items; i++) if (channel.trySend(i) !== 'sent') await channel.send(i)
          channel.close()
        })()
        let sum = 0
        for (;;) {
          const values = await channel.receiveMany(CAPACITY)
          if (values.length === 0) break
          for (const value of values) sum += value
        }
        await producer
        return sum
      },
    ),
    'events.on': side(
      () => {},
      async items => {
        const emitter = new EventEmitter()
        const events = on(emitter, 'item', { close: ['end'] })
        for (let i = 0; i < items; i++) emitter.emit('item', i)
        emitter.emit('end')
        let sum = 0
        for await (const [value] of events) sum += value
        return sum
      },
    ),
    TransformStream: side(
      () => {},
      async items => {
        const { readable, writable } = new TransformStream({}, { highWaterMark: CAPACITY })
        const writer = writable.getWriter()
        const producer = (async () => {
          for (let i = 0; i < items; i++) {
            await writer.ready
            void writer.write(i)
          }
          await writer.close()
        })()
        let sum = 0
        for await (const value of readable) sum += value
        await producer
        return sum
      },
    ),
    'Effect Queue.bounded': side(
      () => peer('effect'),
      (items, { Effect, Queue }) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const queue = yield* Queue.bounded(CAPACITY)
            yield* Effect.forkChild(
              Effect.gen(function* () {
                for (let i = 0; i < items; i++) yield* Queue.offer(queue, i)
              }),
            )
            let sum = 0
            for (let i = 0; i < items; i++) sum += yield* Queue.take(queue)
            return sum
          }),
        ),
    ),
    'async-channel': side(
      () => peer('async-channel'),
      (items, { Channel }) => {
        const channel = new Channel(CAPACITY)
        return loops(
          items,
          value => channel.push(value),
          () => channel.get(),
        )
      },
    ),
    '@thi.ng/csp': side(
      () => peer('@thi.ng/csp'),
      (items, { channel: open }) => {
        const channel = open(CAPACITY)
        return loops(
          items,
          value => channel.write(value),
          () => channel.read(),
        )
      },
    ),
  },
  claims: [
    { side: 'channel', against: 'Effect Queue.bounded', metric: 'million pairs/s', atLeast: 4 },
    { side: 'channel', against: 'TransformStream', metric: 'million pairs/s', atLeast: 4 },
    { side: 'channel', against: 'events.on', metric: 'million pairs/s', atLeast: 1.2 },
    { side: 'channel', against: 'async-channel', metric: 'million pairs/s', atLeast: 1.5 },
    { side: 'channel', against: '@thi.ng/csp', metric: 'million pairs/s', atLeast: 1.5 },
  ],
}
