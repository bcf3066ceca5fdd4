// Every value to every subscriber, whenever it came.
import fc from 'fast-check'
import test from 'ava'
import { Broadcast, type BroadcastReceiver } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

/** What is there, without waiting. */
function taken<T>(subscriber: BroadcastReceiver<T>): T[] {
  const values: T[] = []
  for (let step = subscriber.tryReceive(); step?.done === false; step = subscriber.tryReceive()) values.push(step.value)
  return values
}

test('every subscriber gets every value, in order, and then the end', async t => {
  const values = new Broadcast<number>(2)
  const subscribers = [values.subscribe(), values.subscribe(), values.subscribe()]
  const all = subscribers.map(async subscriber => {
    const got: number[] = []
    for await (const value of subscriber) got.push(value)
    return got
  })
  for (let i = 0; i < 100; i++) await values.send(i)
  values.close()
  const expected = Array.from({ length: 100 }, (_, i) => i)
  t.deepEqual(await Promise.all(all), [expected, expected, expected])
  t.is(values.subscribers, 0)
})

test('the slowest subscriber sets the pace: nobody is more than the capacity behind', async t => {
  const values = new Broadcast<number>(3)
  const [fast, slow] = [values.subscribe(), values.subscribe()]
  let sent = 0
  const sending = (async () => {
    for (; sent < 10; sent++) await values.send(sent)
  })()
  await waitFor(() => sent === 3)
  t.deepEqual(taken(fast), [0, 1, 2])
  await turns(2)
  t.is(sent, 3)
  t.is(values.trySend(99), 'full')
  t.is(slow.tryReceive()?.value, 0)
  await turns(2)
  t.is(sent, 4)
  t.deepEqual(taken(fast), [3])
  for (let last = 4; last < 10; last++) {
    slow.tryReceive()
    await waitFor(() => sent > last)
    t.is(sent, last + 1)
    t.deepEqual(taken(fast), [last])
  }
  await sending
  t.is(slow.missed, 0)
})

test('who waits to send is served in order, and who leaves that line holds up nobody', async t => {
  const values = new Broadcast<number>(1)
  const subscriber = values.subscribe()
  await values.send(0)
  const controller = new AbortController()
  const given = values.send(1, { signal: controller.signal })
  const sends = [values.send(2), values.send(3)]
  await t.throwsAsync(values.send(4, { timeout: 0 }), { code: 'ERR_TIMEOUT' })
  controller.abort()
  await t.throwsAsync(given, { code: 'ABORT_ERR' })
  const got: (number | undefined)[] = []
  for (let i = 0; i < 3; i++) got.push((await subscriber.receive()).value)
  await Promise.all(sends)
  t.deepEqual(got, [0, 2, 3])
})

test('a late subscriber begins with what is sent from then on', async t => {
  const values = new Broadcast<number>(4)
  await values.send(1)
  const early = values.subscribe()
  await values.send(2)
  const late = values.subscribe()
  await values.send(3)
  t.deepEqual([taken(early), taken(late)], [[2, 3], [3]])
})

test('a late subscriber that asks for it begins with the last values that are kept', async t => {
  const values = new Broadcast<number>({ capacity: 4, replay: 3 })
  for (const value of [1, 2, 3, 4, 5]) await values.send(value)
  const subscribers = [0, 1, 3].map(replay => values.subscribe({ replay }))
  await values.send(6)
  t.deepEqual(subscribers.map(taken), [[6], [5, 6], [3, 4, 5, 6]])
  values.close()
  t.deepEqual(taken(values.subscribe({ replay: 2 })), [5, 6])
  t.deepEqual(await values.subscribe({ replay: 0 }).receive(), { done: true, value: undefined })
})

test('a late subscriber that is full of what it replays holds up senders, as any other', async t => {
  const values = new Broadcast<number>({ capacity: 2, replay: 2 })
  await values.send(1)
  await values.send(2)
  const subscriber = values.subscribe({ replay: 2 })
  const send = values.send(3)
  t.is(await standing(send), 'pending')
  t.is((await subscriber.receive()).value, 1)
  await send
  t.deepEqual(taken(subscriber), [2, 3])
})

test('with drop-oldest nobody waits, and each subscriber is told how many values it missed before the next one', async t => {
  const values = new Broadcast<number>({ capacity: 3, overflow: 'drop-oldest' })
  const [fast, slow] = [values.subscribe(), values.subscribe()]
  const got: number[] = []
  for (let i = 0; i < 10; i++) {
    await values.send(i)
    got.push(...taken(fast))
  }
  t.deepEqual(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.deepEqual([fast.missed, slow.missed], [0, 7])
  t.deepEqual(taken(slow), [7, 8, 9])
})

test('a subscriber that leaves lets those go on that waited for it', async t => {
  const values = new Broadcast<number>(1)
  const [staying, leaving] = [values.subscribe(), values.subscribe()]
  await values.send(1)
  const send = values.send(2)
  t.is((await staying.receive()).value, 1)
  t.is(await standing(send), 'pending')
  leaving.cancel()
  await send
  t.is(values.subscribers, 1)
  t.is((await staying.receive()).value, 2)
})

test('close delivers what waits; an error comes after it, each time', async t => {
  const values = new Broadcast<number>(1)
  const subscriber = values.subscribe()
  const sends = [values.send(1), values.send(2)]
  const error = new Error('broken')
  values.close(error)
  t.is(values.trySend(3), 'closed')
  t.like(await t.throwsAsync(values.send(3)), { code: 'ERR_CHANNEL_CLOSED', value: 3, cause: error })
  t.deepEqual([(await subscriber.receive()).value, (await subscriber.receive()).value], [1, 2])
  await Promise.all(sends)
  t.is(await t.throwsAsync(subscriber.receive()), error)
  t.is(await t.throwsAsync(subscriber.receive()), error)
})

test('without subscribers there is nobody to wait for', async t => {
  const values = new Broadcast<number>(1)
  for (let i = 0; i < 5; i++) await values.send(i)
  t.is(values.trySend(5), 'sent')
  t.is(values.subscribers, 0)
})

test('bad options of a broadcast are errors that name them', t => {
  const cases: [option: string, options: unknown][] = [
    ['options', null],
    ['capacity', 0],
    ['capacity', {}],
    ['overflow', { capacity: 1, overflow: 'error' }],
    ['replay', { capacity: 1, replay: 2 }],
    ['name', { capacity: 1, name: 1 }],
  ]
  for (const [option, options] of cases) {
    const error = t.throws(() => new Broadcast(options as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith(`\`${option}\``), error?.message)
  }
  t.throws(() => new Broadcast(4).subscribe({ replay: 1 }), { code: 'ERR_INVALID_OPTION' })
  t.throws(() => new Broadcast(4).subscribe({ replay: null as never }), { code: 'ERR_INVALID_OPTION' })
})

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), aborts: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trySend' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('receive' as const), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('subscribe' as const), replay: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
)

test('whoever comes and goes whenever, each gets an unbroken run of what was sent, and all sends that were not given up are made', async t => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 4 }), fc.array(step, { maxLength: 40 }), async (capacity, steps) => {
      const values = new Broadcast<number>({ capacity, replay: 2 })
      const subscribers: { readonly receiver: BroadcastReceiver<number>; readonly got: number[]; left: boolean }[] = []
      const sends: Promise<unknown>[] = []
      const sent: number[] = []
      let next = 0
      for (const one of steps) {
        if (one.do === 'turn') await turns()
        else if (one.do === 'subscribe') {
          subscribers.push({ receiver: values.subscribe(one), got: [], left: false })
        } else if (one.do === 'trySend') {
          if (values.trySend(next) === 'sent') sent.push(next)
          next += 1
        } else if (one.do === 'send') {
          const value = next++
          const controller = new AbortController()
          sends.push(
            values.send(value, { signal: controller.signal }).then(
              () => sent.push(value),
              () => {},
            ),
          )
          if (one.aborts) controller.abort()
        } else {
          const chosen = subscribers[one.which % Math.max(1, subscribers.length)]
          if (one.do === 'receive') {
            const step = chosen?.receiver.tryReceive()
            if (step?.done === false) chosen?.got.push(step.value)
          } else if (chosen !== undefined) {
            chosen.receiver.cancel()
            chosen.left = true
          }
        }
      }
      values.close()
      await Promise.all(
        subscribers.map(async ({ receiver, got }) => {
          for await (const value of receiver) got.push(value)
        }),
      )
      await Promise.all(sends)
      const all = sent.sort((one, other) => one - other)
      for (const { got, left } of subscribers) {
        const from = got.length === 0 ? 0 : all.indexOf(got[0] as number)
        const expected = all.slice(from, left ? from + got.length : undefined)
        if (got.length > 0 && got.join() !== expected.join()) throw new Error(`got ${got.join()} of ${all.join()}`)
      }
    }),
    { numRuns: Number(process.env['SLUICEGATE_RUNS'] ?? 1000) },
  )
  t.pass()
})
