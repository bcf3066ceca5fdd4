// Subscribing, asking by hand, and what a wrong call gets.
import test from 'ava'
import {
  Channel,
  consumer,
  producer,
  producerConsumer,
  SluiceError,
  type Consumer,
  type Producer,
} from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'
import { counting, ending, range, recorder, silent } from './stages.ts'

test('GS-25: subscribing gives an id; ids differ', async t => {
  const source = producer(counting().source)
  const one = recorder<number>(1)
  const other = recorder<number>(1)
  ending(t, one.stage, other.stage, source)
  const ids = [(await one.stage.subscribeTo(source)).id, (await other.stage.subscribeTo(source)).id]
  t.true(ids.every(Number.isInteger))
  t.not(ids[0], ids[1])
})

test('GS-25: bad options are errors that name them, and the stage lives', async t => {
  const source = producer(counting().source)
  const { stage, full } = recorder<number>(1)
  ending(t, stage, source)
  for (const [options, name] of [
    [{ maxDemand: 0 }, 'maxDemand'],
    [{ maxDemand: 1.5 }, 'maxDemand'],
    [{ maxDemand: Infinity }, 'maxDemand'],
    [{ minDemand: 2000 }, 'minDemand'],
    [{ maxDemand: 5, minDemand: 5 }, 'minDemand'],
    [{ minDemand: -1 }, 'minDemand'],
    [{ cancel: 'sometimes' }, 'cancel'],
    [{ selector: 'x' }, 'selector'],
    [{ selector: () => true }, 'selector'],
    [{ manual: 'yes' }, 'manual'],
  ] as const) {
    const error = await t.throwsAsync(stage.subscribeTo(source, options as never), {
      instanceOf: SluiceError,
      code: 'ERR_INVALID_OPTION',
    })
    t.true(error.message.startsWith(`\`${name}\``), error.message)
  }
  await stage.subscribeTo(source)
  await full
})

test('GS-25: subscribing a stage that has stopped rejects', async t => {
  const source = producer(counting().source)
  const sink = consumer<number>(() => {})
  ending(t, source)
  await sink.stop()
  await t.throwsAsync(sink.subscribeTo(source), { code: 'ERR_STAGE_STOPPED' })
})

for (const cancel of ['permanent', 'transient', 'temporary'] as const) {
  test(`GS-26: a producer that is gone ${cancel === 'temporary' ? 'keeps' : 'stops'} a ${cancel} consumer`, async t => {
    const source = producer(counting().source)
    await source.stop()
    const sink = consumer<number>(() => {})
    ending(t, sink)
    await t.throwsAsync(sink.subscribeTo(source, { cancel }), { code: 'ERR_STAGE_STOPPED' })
    if (cancel === 'temporary') t.is(await standing(sink.done), 'pending')
    else await t.throwsAsync(sink.done, { code: 'ERR_STAGE_STOPPED' })
  })
}

test('GS-27: a second subscription to the same broadcast is refused and hurts nobody', async t => {
  const source = producer(counting().source, { dispatcher: { type: 'broadcast' } })
  const { stage, batches, full } = recorder<number>(20)
  ending(t, stage, source)
  await stage.subscribeTo(source, { maxDemand: 10, minDemand: 0 })
  await t.throwsAsync(stage.subscribeTo(source), { code: 'ERR_INVALID_OPTION', message: /broadcasts/u })
  t.is(source.metrics().subscribers, 1)
  await full
  t.deepEqual(batches, [range(0, 10), range(10, 20)])
})

test('GS-28: subscribing again after a temporary subscription gives another id and goes on', async t => {
  const source = producer(counting().source)
  const { stage, batches, full } = recorder<number>(4)
  ending(t, stage, source)
  const old = await stage.subscribeTo(source, { cancel: 'temporary', maxDemand: 2, minDemand: 0, manual: true })
  old.ask(2)
  await old.cancel()
  await old.cancel()
  const fresh = await stage.subscribeTo(source, { maxDemand: 2, minDemand: 0 })
  t.not(fresh.id, old.id)
  await full
  t.deepEqual(batches.flat(), [0, 1, 2, 3])
})

test('GS-29: manual demand: nothing until ask(n), exactly n', async t => {
  const { asks, source: count } = counting()
  const source = producer(count)
  const { stage, batches } = recorder<number>(1000)
  ending(t, stage, source)
  const subscription = await stage.subscribeTo(source, { manual: true })
  await turns(3)
  t.deepEqual([asks, batches], [[], []])
  subscription.ask(50)
  await waitFor(() => batches.length === 1)
  subscription.ask(50)
  await waitFor(() => batches.length === 2)
  await turns(3)
  t.deepEqual(batches, [range(0, 50), range(50, 100)])
  t.deepEqual(asks, [50, 50])
  t.is(subscription.outstanding, 0)
})

test('GS-30: only a manual subscription is asked by hand, and only for events that can be counted', async t => {
  const source = producer(silent().source)
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  const automatic = await sink.subscribeTo(source)
  t.throws(() => automatic.ask(1), { code: 'ERR_DEMAND' })
  const manual = await sink.subscribeTo(source, { manual: true })
  for (const count of [0, -1, 1.5, NaN, '3' as never]) t.throws(() => manual.ask(count), { code: 'ERR_DEMAND' })
  t.is(manual.outstanding, 0)
})

test('GS-31: a producer sees a subscriber go, by cancel and by failure', async t => {
  const source = producer(counting().source)
  const one = consumer<number>(() => new Promise(() => {}))
  const other = consumer<number>(() => {
    throw new Error('down')
  })
  ending(t, one, source)
  const subscription = await one.subscribeTo(source, { cancel: 'temporary', manual: true })
  t.is(source.metrics().subscribers, 1)
  await subscription.cancel('oops')
  t.is(source.metrics().subscribers, 0)
  await other.subscribeTo(source)
  await t.throwsAsync(other.done, { message: 'down' })
  t.is(source.metrics().subscribers, 0)
})

test.serial('GS-34: a consumer that gives events is warned, and nothing is dispatched', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const sink = consumer<number>(((events: number[]) => events) as never, { name: 'gives' })
  const source = producer([1, 2, 3])
  await sink.subscribeTo(source, { maxDemand: 1, minDemand: 0 })
  await sink.done
  await waitFor(() => warnings.length > 0)
  t.is(warnings.length, 1)
  t.regex(warnings[0] ?? '', /'gives'/u)
})

test('GS-35: what is no producer can’t be subscribed to', async t => {
  const sink = consumer<number>(() => {})
  ending(t, sink)
  for (const wrong of [sink, {}, null, undefined, 'x', new Channel(1)] as unknown[]) {
    await t.throwsAsync(sink.subscribeTo(wrong as Producer<number>), { code: 'ERR_INVALID_OPTION' })
  }
  const middle = producerConsumer<number, number>(events => [...events])
  await t.throwsAsync(middle.subscribeTo(middle), { code: 'ERR_INVALID_OPTION' })
  await middle.stop()
})

test('GS-35: an ask after the end does nothing', async t => {
  const { asks, source: count } = counting()
  const source = producer(count)
  const sink = consumer<number>(() => {})
  ending(t, sink, source)
  const subscription = await sink.subscribeTo(source, { manual: true, cancel: 'temporary' })
  await subscription.cancel()
  subscription.ask(10)
  t.deepEqual(asks, [])
})

const endings = {
  'cancel, normal': { reason: undefined, by: 'cancel' },
  'cancel, abnormal': { reason: new Error('oops'), by: 'cancel' },
  'down, normal': { reason: 'shutdown', by: 'down' },
  'down, abnormal': { reason: new Error('killed'), by: 'down' },
} as const

for (const kind of ['consumer', 'producerConsumer'] as const) {
  for (const mode of ['permanent', 'transient', 'temporary'] as const) {
    for (const [title, { reason, by }] of Object.entries(endings)) {
      test(`GS-33: ${kind}, ${mode}: ${title}`, async t => {
        const source = producer<number>(silent().source)
        const stage: Consumer<number> =
          kind === 'consumer' ? consumer<number>(() => {}) : producerConsumer<number, number>(events => [...events])
        ending(t, stage, source)
        const subscription = await stage.subscribeTo(source, { cancel: mode })
        if (by === 'cancel') await subscription.cancel(reason)
        else await source.stop(reason)
        const isFailure = reason instanceof Error
        if (mode === 'temporary' || (mode === 'transient' && !isFailure)) {
          t.is(await standing(stage.done), 'pending')
        } else if (isFailure) {
          t.is(await t.throwsAsync(stage.done), reason)
        } else {
          await t.notThrowsAsync(stage.done)
        }
      })
    }
  }
}

test('a reason that is no error becomes one, with the reason as its cause', async t => {
  const source = producer<number>(silent().source, { name: 'source' })
  const sink = consumer<number>(() => {})
  await sink.subscribeTo(source)
  await source.stop('maintenance')
  const error = await t.throwsAsync(sink.done, { code: 'ERR_STAGE_STOPPED', message: /'source' ended: maintenance/u })
  t.is(error.cause, 'maintenance')
})

test('a consumer of several producers takes from all, each in order', async t => {
  const odd = producer([1, 3, 5, 7])
  const even = producer([2, 4, 6, 8])
  const seen: number[] = []
  const sink = consumer<number>(events => void seen.push(...events))
  await sink.subscribeTo(odd, { maxDemand: 2, cancel: 'temporary' })
  await sink.subscribeTo(even, { maxDemand: 2, cancel: 'temporary' })
  await Promise.all([odd.done, even.done])
  await sink.stop()
  t.deepEqual(
    seen.filter(n => n % 2 === 1),
    [1, 3, 5, 7],
  )
  t.deepEqual(
    seen.filter(n => n % 2 === 0),
    [2, 4, 6, 8],
  )
})

test('a handler is never called while it runs, whatever comes', async t => {
  let running = 0
  let most = 0
  let count = 0
  const sink = consumer<number>(async events => {
    running += 1
    most = Math.max(most, running)
    await turns(1)
    count += events.length
    running -= 1
  })
  const sources = [producer(range(0, 50)), producer(range(0, 50)), producer(range(0, 50))]
  for (const source of sources) await sink.subscribeTo(source, { maxDemand: 5, cancel: 'temporary' })
  await Promise.all(sources.map(({ done }) => done))
  await sink.stop()
  t.deepEqual([most, count], [1, 150])
})
