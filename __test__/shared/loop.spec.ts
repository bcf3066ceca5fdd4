// Shared waits and the event loop: what keeps it alive, how seldom it is woken, and how a whole process ends.
import test from 'ava'
import { environment } from '../../src/native/environment.ts'
import { SharedChannel } from '../../src/shared/index.ts'
import { startNode } from '../helpers/children.ts'
import { ErrandWorker } from '../helpers/errand.ts'
import { turns } from '../helpers/wait-for.ts'

/** Counts the wake-ups of this thread from now on. */
function countWakeUps(): { readonly count: number; [Symbol.dispose](): void } {
  const { native } = environment()
  const drain = native.drain.bind(native)
  let count = 0
  native.drain = into => {
    count += 1
    return drain(into)
  }
  return {
    get count() {
      return count
    },
    [Symbol.dispose]() {
      native.drain = drain
    },
  }
}

test.serial('a hundred waits that are served at once take one wake-up', async t => {
  const channel = new SharedChannel({ capacity: 1 })
  const receives = Array.from({ length: 100 }, async () => await channel.receive())
  await turns(2)
  using wakeUps = countWakeUps()
  for (let at = 0; at < 100; at++) t.is(channel.trySend(Uint8Array.of(at)), 'sent')
  const values = await Promise.all(receives)
  t.deepEqual(
    values.map(({ value }) => value?.[0]),
    Array.from({ length: 100 }, (_, at) => at),
  )
  t.is(wakeUps.count, 1)
})

test.serial('under load there are fewer wake-ups than messages', async t => {
  const count = 20_000
  const channel = new SharedChannel({ capacity: 256 })
  await using _worker = new ErrandWorker({ role: 'produce', handles: [channel.handle], count })
  await channel.receive()
  using wakeUps = countWakeUps()
  for (let received = 1; received < count;) received += (await channel.receiveMany(256)).length
  t.true(wakeUps.count < count / 2, `${wakeUps.count} wake-ups`)
})

test.serial('sends that nobody receives wake nobody', async t => {
  const channel = new SharedChannel({ capacity: Infinity })
  await turns(2)
  using wakeUps = countWakeUps()
  for (let at = 0; at < 1000; at++) await channel.send(Uint8Array.of(at))
  await turns(2)
  t.is(wakeUps.count, 0)
})

test.serial('the memory of what is held goes with the last instance', async t => {
  const channel = new SharedChannel({ capacity: Infinity })
  const before = process.memoryUsage.rss()
  const message = new Uint8Array(1 << 20).fill(1)
  for (let at = 0; at < 64; at++) await channel.send(message)
  const full = process.memoryUsage.rss()
  t.true(full - before > 50 * 2 ** 20)
  await channel[Symbol.asyncDispose]()
  t.true(full - process.memoryUsage.rss() > 50 * 2 ** 20)
})

test('a wait keeps the event loop alive, and nothing else does', async t => {
  await using child = startNode('__test__/fixtures/shared-ends.ts', { args: ['alive'] })
  for (const line of ['true', 'ERR_TIMEOUT', 'about to end']) t.is(await child.line(), line)
  t.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr)
  t.is(child.stderr, '')
})

test('an end that a thread brings about itself fulfils `closed`, though nothing keeps the event loop alive', async t => {
  await using child = startNode('__test__/fixtures/shared-ends.ts', { args: ['over'] })
  t.is(await child.line(), 'about to end')
  t.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr)
})

test('process.exit with waits pending in every thread', async t => {
  await using child = startNode('__test__/fixtures/shared-ends.ts', { args: ['exit'] })
  t.is(await child.line(), 'about to end')
  t.deepEqual(await child.exited, { code: 9, signal: null })
  t.is(child.stderr, '')
})

test('threads that are terminated in full traffic, again and again, crash nothing and leave nothing waiting', async t => {
  await using child = startNode('__test__/fixtures/shared-ends.ts', { args: ['rounds'] })
  t.is(await child.line(), 'about to end')
  t.deepEqual(await child.exited, { code: 0, signal: null })
  t.is(child.stderr, '')
})
