// Events as items of a channel, within its bound.
import { EventEmitter } from 'node:events'
import test from 'ava'
import { eventChannel } from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'

test('events of an emitter come in order, with their arguments, until one of those that end it', async t => {
  const emitter = new EventEmitter()
  const channel = eventChannel<[number, string]>(emitter, 'row', { capacity: 8, closeOn: ['end'] })
  emitter.emit('row', 1, 'a')
  emitter.emit('row', 2, 'b')
  emitter.emit('end')
  emitter.emit('row', 3, 'c')
  const rows: unknown[] = []
  for await (const row of channel) rows.push(row)
  t.deepEqual(rows, [
    [1, 'a'],
    [2, 'b'],
  ])
  t.deepEqual(emitter.eventNames(), [])
})

test('an error of the emitter closes the channel with it, after what is held', async t => {
  const emitter = new EventEmitter()
  const channel = eventChannel<[number]>(emitter, 'row', { capacity: 8 })
  const error = new Error('broken')
  emitter.emit('row', 1)
  emitter.emit('error', error)
  t.deepEqual(await channel.receive(), { done: false, value: [1] })
  t.is(await t.throwsAsync(channel.receive()), error)
  t.deepEqual(emitter.eventNames(), [])
})

test('more events than the bound: the oldest, the newest, or an error, and each drop is told', async t => {
  const expected = {
    'drop-oldest': { held: [[2], [3]], dropped: [[0], [1]] },
    'drop-newest': { held: [[0], [1]], dropped: [[2], [3]] },
    error: { held: [[0], [1]], dropped: [] },
  }
  for (const overflow of ['drop-oldest', 'drop-newest', 'error'] as const) {
    const emitter = new EventEmitter()
    const dropped: unknown[] = []
    const channel = eventChannel<[number]>(emitter, 'row', {
      capacity: 2,
      overflow,
      onDrop: value => dropped.push(value),
    })
    for (let i = 0; i < 4; i++) emitter.emit('row', i)
    t.deepEqual(await channel.receiveMany(4, { min: 2 }), expected[overflow].held as never)
    t.deepEqual(dropped, expected[overflow].dropped)
    t.is(channel.isClosed, overflow === 'error')
    if (overflow === 'error') t.like(await t.throwsAsync(channel.receive()), { code: 'ERR_CHANNEL_FULL', value: [2] })
  }
})

test('canceling the channel, closing it, and the signal end the listening', async t => {
  for (const how of ['cancel', 'close', 'abort'] as const) {
    const emitter = new EventEmitter()
    const controller = new AbortController()
    const channel = eventChannel(emitter, 'row', { capacity: 2, signal: controller.signal })
    t.deepEqual(emitter.eventNames(), ['row', 'error'])
    if (how === 'abort') {
      controller.abort('enough')
      t.like(await t.throwsAsync(channel.receive()), { code: 'ABORT_ERR', cause: 'enough' })
    } else channel[how]()
    await turns()
    t.deepEqual(emitter.eventNames(), [])
  }
})

test('events of an EventTarget', async t => {
  const target = new EventTarget()
  const channel = eventChannel(target, 'tick', { capacity: 4, closeOn: ['stop'] })
  const events = [new Event('tick'), new Event('tick')]
  for (const event of events) target.dispatchEvent(event)
  target.dispatchEvent(new Event('stop'))
  target.dispatchEvent(new Event('tick'))
  t.deepEqual(await channel.receiveMany(4), events)
  t.true((await channel.receive()).done)
})

test('bad options of an event channel are errors that name them, and nothing is listened to', t => {
  const emitter = new EventEmitter()
  const cases: [option: string, options: unknown][] = [
    ['options', undefined],
    ['capacity', {}],
    ['overflow', { capacity: 1, overflow: 'block' }],
    ['closeOn', { capacity: 1, closeOn: 'end' }],
    ['signal', { capacity: 1, signal: {} }],
  ]
  for (const [option, options] of cases) {
    const error = t.throws(() => eventChannel(emitter, 'row', options as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith(`\`${option}\``), error?.message)
  }
  for (const source of [undefined, null, {}, 'x', 5]) {
    const error = t.throws(() => eventChannel(source as never, 'row', { capacity: 1 }), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith('`source`'), error?.message)
  }
  for (const event of [undefined, null, 5]) {
    t.throws(() => eventChannel(emitter, event as never, { capacity: 1 }), {
      code: 'ERR_INVALID_OPTION',
      message: /`event`/u,
    })
  }
  t.throws(() => eventChannel(new EventTarget(), Symbol('x') as never, { capacity: 1 }), { code: 'ERR_INVALID_OPTION' })
  const aborted = { capacity: 1, signal: AbortSignal.abort() }
  t.throws(() => eventChannel(emitter, 'row', aborted), { code: 'ABORT_ERR' })
  t.deepEqual(emitter.eventNames(), [])
})
