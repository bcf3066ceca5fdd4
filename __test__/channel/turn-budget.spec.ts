// Operations that are always ready let timers and sockets have their turn.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { select } from '../../src/channel/select.ts'
import { Turn } from '../../src/turn.ts'
import { turns } from '../helpers/wait-for.ts'

const LONGEST_MS = 2000

/** How often the event loop got its turn while `once` was called again and again: until that was often enough, or never came. */
async function turnsDuring(once: () => Promise<unknown>, enough: number): Promise<number> {
  const progress = { count: 0, isOver: false }
  const others = (async () => {
    for (; !progress.isOver; progress.count++) await turns(1)
  })()
  const until = performance.now() + LONGEST_MS
  while (progress.count < enough && performance.now() < until) await once()
  const { count } = progress
  progress.isOver = true
  await others
  return count
}

const loops: Readonly<Record<string, (channel: Channel<number>) => Promise<unknown>>> = {
  'send and receive': async channel => {
    await channel.send(1)
    await channel.receive()
  },
  'trySend and an iterator': async channel => {
    channel.trySend(1)
    for await (const _ of channel) break
  },
  receiveMany: async channel => {
    channel.trySend(1)
    await channel.receiveMany(3)
  },
  reserve: async channel => (await channel.reserve()).release(),
  'a rendezvous': async () => {
    const handed = new Channel<number>(0)
    const receive = handed.receive()
    await handed.send(1)
    await receive
  },
  'sends that are refused': async () =>
    new Channel<number>({ capacity: 0, overflow: 'error' }).send(1).catch((error: unknown) => error),
  'receives that are timed out': async channel => channel.receive({ timeout: 0 }).catch((error: unknown) => error),
  'an ended channel': async () => {
    const ended = new Channel<number>(1)
    ended.close()
    await ended.receive()
  },
  select: async channel => {
    channel.trySend(1)
    await select({ channel })
  },
}

for (const [name, once] of Object.entries(loops)) {
  test(`a loop of operations that are always ready starves nothing: ${name}`, async t => {
    const channel = new Channel<number>(4)
    const enough = 5
    t.true((await turnsDuring(() => once(channel), enough)) >= enough)
  })
}

test('between two looks at the clock the steps double, so steady work overdraws the budget at most twofold', t => {
  const turn = new Turn()
  let count = 0
  const busyFor = (ms: number): void => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }
  while (turn.tick()) {
    count++
    busyFor(0.3)
  }
  // 2 ms are over after 7 of them, and the look that comes next is at 8.
  t.true(count >= 1 && count <= 16, `${count} operations`)
  t.false(turn.tick())
  turn.renew()
  t.true(turn.tick())
})

test('what waited settles from the next microtask, in order, and before any later success', async t => {
  const turn = new Turn()
  const order: string[] = []
  const note = (name: string): void => void order.push(name)
  turn.soon(note, 'first')
  turn.soon(note, 'second')
  t.deepEqual(order, [])
  t.true(turn.tick())
  t.deepEqual(order, ['first', 'second'])
  turn.renew()
  turn.soon(note, 'third')
  await Promise.resolve()
  t.deepEqual(order, ['first', 'second', 'third'])
  while (turn.tick());
  turn.soon(note, 'fourth')
  await Promise.resolve()
  t.is(order.length, 3)
  await turns(1)
  t.is(order.at(-1), 'fourth')
})

test('a producer and a consumer that take turns do not wait for every single item', async t => {
  const channel = new Channel<number>(16)
  let waits = 0
  const consumer = (async () => {
    for (;;) {
      const step = channel.receive()
      waits += channel.metrics().waitingReceivers
      if ((await step).done === true) return
    }
  })()
  for (let i = 0; i < 1000; i++) await channel.send(i)
  channel.close()
  await consumer
  t.true(waits < 100, `${waits} waits`)
})
