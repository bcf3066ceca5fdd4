// Several channels at once, of which exactly one case happens.
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import test from 'ava'
import { Channel, select, type SelectCase } from '../../src/channel/index.ts'
import { turns } from '../helpers/wait-for.ts'
import { errorOf, stateOf, statesOf, taken } from './states.ts'

test('the case that is ready happens, and the others lose nothing', async t => {
  const [a, b] = [new Channel<number>(2), new Channel<string>(2)]
  b.trySend('x')
  t.deepEqual(await select({ a, b }), { case: 'b', done: false, value: 'x' })
  a.trySend(1)
  b.trySend('y')
  t.deepEqual(await select({ a, b }), { case: 'a', done: false, value: 1 })
  t.deepEqual(taken(a), [])
  t.deepEqual(taken(b), ['y'])
})

test('among ready ones the order of the properties decides', async t => {
  const [a, b] = [new Channel<number>(100), new Channel<number>(100)]
  for (let i = 0; i < 10; i++) {
    a.trySend(i)
    b.trySend(i)
  }
  for (let i = 0; i < 10; i++) t.is((await select({ a, b })).case, 'a')
  t.is((await select({ b, a })).case, 'b')
  t.is(b.length, 9)
})

test('with `fair` ready cases take turns, also when several loops select', async t => {
  const [a, b, c] = [new Channel<number>(100), new Channel<number>(100), new Channel<number>(100)]
  for (let i = 0; i < 30; i++) for (const channel of [a, b, c]) channel.trySend(i)
  const seen = { a: 0, b: 0, c: 0 }
  for (let i = 0; i < 12; i++) {
    seen[(await select({ a, b, c }, { fair: true })).case]++
    await select({ only: c })
  }
  t.true(seen.a === 6 && seen.b === 6 && seen.c === 0, JSON.stringify(seen))
  const two = { a: 0, b: 0 }
  for (let i = 0; i < 10; i++) two[(await select({ a, b }, { fair: true })).case]++
  t.deepEqual(two, { a: 5, b: 5 })
})

test('it waits in every line, is served once, and leaves the others: no item is lost in a race', async t => {
  const [a, b] = [new Channel<number>(2), new Channel<number>(2)]
  const chosen = select({ a, b })
  const behind = b.receive()
  t.is(a.metrics().waitingReceivers, 1)
  t.is(b.metrics().waitingReceivers, 2)
  a.trySend(1)
  b.trySend(2)
  t.deepEqual(await chosen, { case: 'a', done: false, value: 1 })
  t.deepEqual(await behind, { value: 2, done: false })
  t.is(a.metrics().waitingReceivers, 0)
})

test('a send case happens when there is room, and never besides another', async t => {
  const [full, empty] = [new Channel<number>(1), new Channel<number>(1)]
  full.trySend(0)
  const chosen = select({ put: { send: full, value: 1 }, get: empty })
  t.is(await stateOf(chosen), 'pending')
  t.is(full.metrics().waitingSenders, 1)
  empty.trySend(9)
  t.deepEqual(await chosen, { case: 'get', done: false, value: 9 })
  t.is(full.metrics().waitingSenders, 0)
  t.deepEqual(taken(full), [0])
  t.deepEqual(await select({ get: empty, put: { send: full, value: 2 } }), {
    case: 'put',
    done: false,
    value: undefined,
  })
  t.deepEqual(taken(full), [2])
})

test('send cases stand in the line of senders, and who waits behind one goes on when it leaves', async t => {
  const [full, other] = [
    new Channel<number>({ capacity: 9, maxBytes: 10, sizeOf: value => value }),
    new Channel<number>(1),
  ]
  full.trySend(5)
  const chosen = select({ put: { send: full, value: 8 }, other })
  const behind = full.send(1)
  t.deepEqual(await statesOf([chosen, behind]), ['pending', 'pending'])
  other.trySend(1)
  t.is((await chosen).case, 'other')
  t.is(await stateOf(behind), 'fulfilled')
})

test('a chain of selects that let each other go on', async t => {
  const [a, b, c] = [new Channel<string>(0), new Channel<string>(0), new Channel<string>(0)]
  const first = select({ a, b: { send: b, value: 'from first' } })
  const second = select({ b: { send: b, value: 'from second' }, c })
  const receive = b.receive()
  t.deepEqual(await receive, { value: 'from first', done: false })
  t.is((await first).case, 'b')
  t.is(await stateOf(second), 'pending')
  t.is(a.metrics().waitingReceivers, 0)
  t.is(c.trySend('c'), 'sent')
  t.is((await second).case, 'c')
  t.is(b.metrics().waitingSenders, 0)
})

test('the two sides of one select are no partners, but partners for everybody else', async t => {
  const channel = new Channel<number>(0)
  const both = () => select({ get: channel, put: { send: channel, value: 1 } })
  const first = both()
  t.is(await stateOf(first), 'pending')
  const second = both()
  const cases = [(await first).case, (await second).case].sort()
  t.deepEqual(cases, ['get', 'put'])

  const alone = both()
  t.is(channel.trySend(7), 'sent')
  t.deepEqual(await alone, { case: 'get', done: false, value: 7 })
  const again = both()
  t.deepEqual(channel.tryReceive(), { value: 1, done: false })
  t.is((await again).case, 'put')
  const received = both()
  await channel.send(8)
  t.is((await received).case, 'get')
  const sent = both()
  t.deepEqual(await channel.receive(), { value: 1, done: false })
  t.is((await sent).case, 'put')
  t.is(channel.metrics().waitingReceivers + channel.metrics().waitingSenders, 0)
})

test('the end of a channel is a case that happens, its error rejects, and so does a send to a closed one', async t => {
  const [a, b] = [new Channel<number>(1), new Channel<number>(1)]
  const waiting = select({ a, b })
  a.close()
  t.deepEqual(await waiting, { case: 'a', done: true, value: undefined })
  t.deepEqual(await select({ b, a }), { case: 'a', done: true, value: undefined })
  const failing = select({ b, put: { send: full(), value: 1 } })
  b.close(new Error('broken'))
  t.is((await errorOf(failing)).message, 'broken')
  const error = await errorOf(select({ put: { send: a, value: 5 } }))
  t.is(error.code, 'ERR_CHANNEL_CLOSED')
  t.is(error.value, 5)
})

function full(): Channel<number> {
  const channel = new Channel<number>(1)
  channel.trySend(0)
  return channel
}

test('a send case that waits when its channel closes is still delivered; a cancel rejects with the value', async t => {
  const [closing, canceling] = [full(), full()]
  const first = select({ put: { send: closing, value: 1 } })
  closing.close()
  t.deepEqual(taken(closing), [0, 1])
  t.is((await first).case, 'put')
  const second = select({ put: { send: canceling, value: 2 }, get: new Channel<number>(1) })
  canceling.cancel('gone')
  const error = await errorOf(second)
  t.is(error.code, 'ERR_CHANNEL_CLOSED')
  t.is(error.value, 2)
  t.is(error.cause, 'gone')
})

test('policies that never wait make a send case ready', async t => {
  const dropped: number[] = []
  const channel = new Channel<number>({ capacity: 1, overflow: 'drop-oldest', onDrop: value => dropped.push(value) })
  for (const value of [1, 2]) t.is((await select({ put: { send: channel, value } })).case, 'put')
  t.deepEqual(dropped, [1])
})

test('abort and timeout leave every line, and what waited behind goes on', async t => {
  const [a, b] = [new Channel<number>(1), full()]
  const controller = new AbortController()
  const chosen = select({ a, put: { send: b, value: 1 } }, { signal: controller.signal })
  const behind = a.receiveMany(1)
  controller.abort('enough')
  const error = await errorOf(chosen)
  t.is(error.code, 'ABORT_ERR')
  t.is(error.cause, 'enough')
  t.is(b.metrics().waitingSenders, 0)
  a.trySend(3)
  t.deepEqual(await behind, [3])
  t.is((await errorOf(select({ a }, { timeout: 5 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(select({ a }, { timeout: 0 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(select({ b }, { signal: AbortSignal.abort() }))).code, 'ABORT_ERR')
  t.deepEqual(taken(b), [0])
  t.is(a.metrics().waitingReceivers, 0)
})

test('who waits behind a send case goes on when that one is aborted', async t => {
  const channel = new Channel<number>({ capacity: 9, maxBytes: 10, sizeOf: value => value })
  channel.trySend(5)
  const controller = new AbortController()
  const chosen = select({ put: { send: channel, value: 8 } }, { signal: controller.signal })
  const behind = channel.send(1)
  t.deepEqual(await statesOf([chosen, behind]), ['pending', 'pending'])
  controller.abort()
  t.deepEqual(await statesOf([chosen, behind]), ['ABORT_ERR', 'fulfilled'])
})

test.serial('a select that is over leaves no listener and no timer', async t => {
  const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  const { signal } = new AbortController()
  const channel = new Channel<number>(1)
  for (let i = 0; i < 3; i++) {
    const chosen = select({ channel }, { signal, timeout: 60_000 })
    t.is(getEventListeners(signal, 'abort').length, 1)
    channel.trySend(i)
    await chosen
  }
  t.is(getEventListeners(signal, 'abort').length, 0)
  t.is(timers(), before)
})

test('what is no case is an error that names it', async t => {
  for (const cases of [null, {}, { a: 1 }, { a: { send: 3, value: 1 } }, { a: null }]) {
    t.is((await errorOf(select(cases as never))).code, 'ERR_INVALID_OPTION')
  }
  const error = await errorOf(select({ good: new Channel<number>(1), bad: 5 } as never))
  t.regex(error.message, /cases\.bad/u)
})

const RUNS = Number(process.env['SLUICEGATE_RUNS'] ?? 300)

test('many selects over shared channels, aborted here and there: nothing is lost and nothing comes twice', async t => {
  const plan = fc.record({
    capacities: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
    workers: fc.array(
      fc.array(
        fc.record({
          get: fc.subarray([0, 1, 2]),
          put: fc.subarray([0, 1, 2]),
          abort: fc.boolean(),
          pause: fc.boolean(),
        }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      { minLength: 2, maxLength: 6 },
    ),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ capacities, workers }) => {
      const channels = capacities.map(capacity => new Channel<number>(capacity))
      const sent: number[] = []
      const got: number[] = []
      let next = 0
      const work = async (turnsOfWorker: (typeof workers)[number]): Promise<void> => {
        for (const { get, put, abort, pause } of turnsOfWorker) {
          const cases: Record<string, SelectCase> = {}
          for (const index of get) cases[`get${index}`] = channels[index]!
          const values = put.map(index => {
            const value = next++
            const key: string = `put${index}`
            cases[key] = { send: channels[index]!, value }
            return [key, value] as const
          })
          if (get.length + put.length === 0) continue
          const controller = new AbortController()
          const chosen = select(cases, { signal: controller.signal, fair: pause })
          if (pause) await turns(1)
          if (abort) controller.abort()
          try {
            const happened = (await chosen) as { case: string; value: unknown }
            if (happened.case.startsWith('get')) got.push(happened.value as number)
            else sent.push(new Map(values).get(happened.case)!)
          } catch {
            // Aborted: neither took nor sent.
          }
        }
      }
      const all = workers.map(work)
      const progress = { isOver: false }
      const over = Promise.all(all).then(() => (progress.isOver = true))
      // Who is left waiting is let go by a plain partner on every channel.
      while (!progress.isOver) {
        await turns(2)
        for (const channel of channels) {
          const step = channel.tryReceive()
          if (step?.done === false) got.push(step.value)
          else if (channel.metrics().waitingReceivers > 0 && channel.trySend(next) === 'sent') sent.push(next++)
        }
      }
      await over
      for (const channel of channels) {
        got.push(...taken(channel))
        const { waitingReceivers, waitingSenders } = channel.metrics()
        if (waitingReceivers + waitingSenders > 0) throw new Error('somebody is left waiting')
      }
      const order = (values: number[]): string => [...values].sort((a, b) => a - b).join()
      if (order(sent) !== order(got)) throw new Error(`sent ${order(sent)}, got ${order(got)}`)
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})
