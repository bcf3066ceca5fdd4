// How much a channel holds, and what a full one does with its senders.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

test('a full channel makes senders wait, and each item that leaves lets exactly one in', async t => {
  const channel = new Channel<number>(2)
  const sends = [1, 2, 3, 4].map(async value => channel.send(value))
  t.deepEqual(await statesOf(sends), ['fulfilled', 'fulfilled', 'pending', 'pending'])
  t.is(channel.length, 2)
  t.deepEqual(await channel.receive(), { value: 1, done: false })
  t.deepEqual(await statesOf(sends), ['fulfilled', 'fulfilled', 'fulfilled', 'pending'])
  t.deepEqual(taken(channel), [2, 3, 4])
})

test('a producer falls to the pace of its consumer: never further ahead than the capacity', async t => {
  const channel = new Channel<number>(10)
  let produced = 0
  const producer = (async () => {
    for (; produced < 50; produced++) await channel.send(produced)
    channel.close()
  })()
  let consumed = 0
  let furthest = 0
  for await (const value of channel) {
    t.is(value, consumed++)
    await turns(1)
    furthest = Math.max(furthest, produced - consumed)
  }
  await producer
  t.is(consumed, 50)
  // Ten are held, and the one whose send has been admitted is about to be counted.
  t.true(furthest >= 10 && furthest <= 11, `${furthest}`)
  t.is(channel.metrics().peakLength, 10)
})

test('a slow last stage holds back the first one through every channel: the bound of the whole is the sum of the bounds', async t => {
  const edges = [0, 1, 2].map(() => new Channel<number>(5))
  let entered = 0
  const [first, second, third] = edges as [Channel<number>, Channel<number>, Channel<number>]
  const stage = async (from: Channel<number>, to: Channel<number>) => {
    for await (const value of from) await to.send(value)
    to.close()
  }
  const source = (async () => {
    for (let i = 0; i < 100; i++) {
      entered++
      await first.send(i)
    }
    first.close()
  })()
  const stages = [stage(first, second), stage(second, third)]
  await turns(20)
  // Five in each channel, one in the hand of the source and of each stage.
  t.is(entered, 5 * 3 + 3)
  const left: number[] = []
  for await (const value of third) {
    left.push(value)
    await turns(3)
    t.true(entered - left.length <= 5 * 3 + 4)
  }
  await Promise.all([source, ...stages])
  t.deepEqual(
    left,
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test('capacity 0 hands over: a send settles when a receiver takes the value, whether or not that one ran since', async t => {
  const channel = new Channel<string>(0)
  t.is(channel.trySend('nobody waits'), 'full')
  const send = channel.send('a')
  t.is(await stateOf(send), 'pending')
  t.is(channel.length, 0)
  t.deepEqual(channel.tryReceive(), { value: 'a', done: false })
  t.is(await stateOf(send), 'fulfilled')
  const receive = channel.receive()
  t.is(channel.trySend('b'), 'sent')
  t.is(channel.trySend('c'), 'full')
  t.deepEqual(await receive, { value: 'b', done: false })
  t.is(channel.metrics().peakLength, 0)
})

test('capacity 0 with the policies that need no room: dropped or refused unless a receiver waits', async t => {
  const dropped: number[] = []
  const dropping = new Channel<number>({ capacity: 0, overflow: 'drop-newest', onDrop: value => dropped.push(value) })
  t.is(dropping.trySend(1), 'dropped')
  await dropping.send(2)
  t.deepEqual(dropped, [1, 2])
  const refusing = new Channel<number>({ capacity: 0, overflow: 'error' })
  t.is((await errorOf(refusing.send(1))).code, 'ERR_CHANNEL_FULL')
  const receive = refusing.receive()
  await refusing.send(2)
  t.deepEqual(await receive, { value: 2, done: false })
  t.throws(() => new Channel({ capacity: 0, overflow: 'drop-oldest' }), { code: 'ERR_INVALID_OPTION' })
})

test('an acknowledgement that means "processed" is a message of its own: a hand-over means only "taken"', async t => {
  const jobs = new Channel<{ readonly job: number; readonly done: Channel<number> }>(0)
  const processed: number[] = []
  const consumer = (async () => {
    for await (const { job, done } of jobs) {
      await turns(1)
      processed.push(job)
      await done.send(job)
    }
  })()
  for (let job = 0; job < 3; job++) {
    const done = new Channel<number>(1)
    await jobs.send({ job, done })
    t.false(processed.includes(job))
    t.deepEqual(await done.receive(), { value: job, done: false })
    t.true(processed.includes(job))
  }
  jobs.close()
  await consumer
})

test('no bound only for who names it', async t => {
  const channel = new Channel<number>(Infinity)
  for (let i = 0; i < 100_000; i++) if (channel.trySend(i) !== 'sent') t.fail()
  t.is(channel.length, 100_000)
  t.is(channel.availableCapacity, Infinity)
  t.is(channel.metrics().fillRatio, 0)
  for (let i = 0; i < 100_000; i++) {
    const step = await channel.receive()
    if (step.value !== i) t.fail(`${i}`)
  }
  t.throws(() => new Channel({} as never), { code: 'ERR_INVALID_OPTION' })
})

test('memory stays flat while a producer is faster than its consumer', async t => {
  const channel = new Channel<Uint8Array>({ capacity: 1000, maxBytes: 4 * 1024 * 1024 })
  const producer = (async () => {
    for (let i = 0; i < 500; i++) await channel.send(new Uint8Array(1024 * 1024))
    channel.close()
  })()
  let most = 0
  let count = 0
  for await (const _ of channel) {
    most = Math.max(most, channel.metrics().heldBytes)
    count++
    await turns(1)
  }
  await producer
  t.is(count, 500)
  t.is(most, 4 * 1024 * 1024)
})

test('a larger capacity admits at once who waits, a smaller one drops nothing and only lets nobody in', async t => {
  const channel = new Channel<number>(1)
  const sends = [1, 2, 3, 4, 5].map(async value => channel.send(value))
  t.deepEqual(await statesOf(sends), ['fulfilled', 'pending', 'pending', 'pending', 'pending'])
  channel.resize(3)
  t.deepEqual(await statesOf(sends), ['fulfilled', 'fulfilled', 'fulfilled', 'pending', 'pending'])
  channel.resize(1)
  t.is(channel.length, 3)
  t.is(channel.availableCapacity, 0)
  await channel.receive()
  await channel.receive()
  t.deepEqual(await statesOf(sends.slice(3)), ['pending', 'pending'])
  t.deepEqual(taken(channel), [3, 4, 5])
  channel.resize(0)
  t.is(channel.trySend(6), 'full')
  t.throws(() => channel.resize(-1), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => new Channel<number>({ capacity: 1, overflow: 'drop-oldest' }).resize(0), {
    code: 'ERR_INVALID_OPTION',
  })
})

test('adding consumers raises throughput, and each item goes to one of them', async t => {
  const spent = async (consumers: number): Promise<number> => {
    const channel = new Channel<number>(4)
    const got: number[] = []
    let rounds = 0
    const consume = async () => {
      for await (const value of channel) {
        await turns(5)
        got.push(value)
      }
    }
    const all = Promise.all(Array.from({ length: consumers }, consume))
    const producer = (async () => {
      for (let i = 0; i < 40; i++) await channel.send(i)
      channel.close()
    })()
    const progress = { isOver: false }
    void all.then(() => (progress.isOver = true))
    for (; !progress.isOver; rounds++) await turns(1)
    await producer
    t.deepEqual(
      [...got].sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i),
    )
    return rounds
  }
  const alone = await spent(1)
  const four = await spent(4)
  t.true(four * 3 < alone, `${alone} rounds alone, ${four} with four`)
})
