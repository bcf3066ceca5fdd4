// What is checked before anything native is asked, and what is said where there is nothing native.
import test from 'ava'
import { SharedChannel, SharedSemaphore } from '../../src/shared/index.ts'
import { errorOf } from '../channel/states.ts'
import { startScript } from '../helpers/children.ts'

const INVALID = { code: 'ERR_INVALID_OPTION' }

test('a bad option is an error that names it', async t => {
  const bad = (options: unknown): Error | undefined =>
    t.throws(() => new SharedChannel(options as { capacity: number }), INVALID)
  for (const options of [undefined, null, 5, 'a']) t.regex(bad(options)?.message ?? '', /`options`/)
  for (const capacity of [undefined, -1, 1.5, NaN, '1', null]) t.regex(bad({ capacity })?.message ?? '', /`capacity`/)
  for (const maxBytes of [0, -1, NaN, '1', null]) t.regex(bad({ capacity: 1, maxBytes })?.message ?? '', /`maxBytes`/)
  t.regex(bad({ capacity: 1, overflow: 'drop' })?.message ?? '', /`overflow`/)
  t.regex(bad({ capacity: 0, overflow: 'drop-oldest' })?.message ?? '', /`capacity`/)
  t.regex(bad({ capacity: 1, codec: 'json' })?.message ?? '', /`codec`/)
  for (const permits of [undefined, 0, -1, 1.5, NaN, Infinity, 2 ** 32, '1']) {
    t.regex(t.throws(() => new SharedSemaphore(permits as number), INVALID)?.message ?? '', /`permits`/)
  }
  const channel = new SharedChannel({ capacity: 2 })
  for (const options of [{ timeout: -1 }, { timeout: NaN }, { signal: {} as AbortSignal }]) {
    t.is((await errorOf(channel.send(Uint8Array.of(1), options))).code, 'ERR_INVALID_OPTION')
    t.is((await errorOf(channel.receive(options))).code, 'ERR_INVALID_OPTION')
    t.is((await errorOf(channel.reserve(options))).code, 'ERR_INVALID_OPTION')
  }
  for (const max of [0, -1, 1.5, NaN]) t.is((await errorOf(channel.receiveMany(max))).code, 'ERR_INVALID_OPTION')
  for (const count of [0, 3, 1.5, null as never])
    t.is((await errorOf(channel.reserve({ count }))).code, 'ERR_INVALID_OPTION')
  t.is(channel.metrics().length, 0)
})

test('a value that the codec does not take is refused before it is sent', async t => {
  const bytes = new SharedChannel({ capacity: 2 })
  const text = new SharedChannel({ capacity: 2, codec: 'utf8' })
  const structured = new SharedChannel<unknown>({ capacity: 2, codec: 'structured' })
  for (const value of ['a', [1], undefined, new ArrayBuffer(2), new Uint16Array(2)]) {
    t.is((await errorOf(bytes.send(value as never))).code, 'ERR_INVALID_OPTION')
    t.throws(() => bytes.trySend(value as never), INVALID)
  }
  t.is((await errorOf(text.send(5 as unknown as string))).code, 'ERR_INVALID_OPTION')
  t.is((await errorOf(structured.send(() => {}))).code, 'ERR_INVALID_OPTION')
  t.deepEqual(
    [bytes, text, structured].map(channel => channel.metrics().length),
    [0, 0, 0],
  )
})

test('a handle is plain: a clone of it joins; a wrong one is an error, a stale one says that it is closed', t => {
  const channel = new SharedChannel<{ id: number }>({ capacity: 2, codec: 'structured' })
  const semaphore = new SharedSemaphore(1)
  t.is(SharedChannel.from(structuredClone(channel.handle)).trySend({ id: 1 }), 'sent')
  t.deepEqual(channel.tryReceive()?.value, { id: 1 })
  t.true(channel instanceof SharedChannel)
  t.regex(channel.handle.id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-/)
  for (const handle of [undefined, null, 'x', {}, { kind: 'channel' }, { kind: 'channel', id: 5 }, semaphore.handle]) {
    t.throws(() => SharedChannel.from(handle as typeof channel.handle), INVALID)
  }
  t.throws(() => SharedSemaphore.from(channel.handle as unknown as typeof semaphore.handle), INVALID)
  t.throws(() => SharedChannel.from({ kind: 'channel', id: 'nobody' }), { code: 'ERR_CHANNEL_CLOSED' })
  t.throws(() => SharedSemaphore.from({ kind: 'semaphore', id: 'nobody' }), { code: 'ERR_SEMAPHORE_CLOSED' })
})

test('without the addon importing works, and the first use is a typed error', async t => {
  const script = `
    import { SharedChannel, SharedSemaphore } from './src/shared/index.ts'
    const code = use => { try { use(); return 'none' } catch (error) { return error.code } }
    console.log(code(() => new SharedChannel({ capacity: -1 })))
    console.log(code(() => new SharedChannel({ capacity: 1 })))
    console.log(code(() => SharedChannel.from({ kind: 'channel', id: 'x' })))
    console.log(code(() => new SharedSemaphore(1)))
  `
  await using child = startScript(script, { env: { SLUICEGATE_NATIVE_PATH: '/nowhere' } })
  t.is(await child.line(), 'ERR_INVALID_OPTION')
  for (let at = 0; at < 3; at++) t.is(await child.line(), 'ERR_PLATFORM_UNSUPPORTED')
  t.deepEqual(await child.exited, { code: 0, signal: null })
})
