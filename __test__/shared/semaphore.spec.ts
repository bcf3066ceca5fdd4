// A shared semaphore seen from one thread, through two instances.
import test from 'ava'
import { SharedSemaphore } from '../../src/shared/index.ts'
import { errorOf, stateOf } from '../channel/states.ts'

test('permits are granted strictly in order, and a small request never overtakes a large one', async t => {
  const semaphore = new SharedSemaphore(3)
  const other = SharedSemaphore.from(semaphore.handle)
  const two = await semaphore.acquire({ permits: 2 })
  t.is(two.permits, 2)
  t.is(semaphore.available, 1)
  const large = other.acquire({ permits: 3 })
  const small = semaphore.acquire()
  t.is(semaphore.tryAcquire(), undefined)
  t.is(await stateOf(small), 'pending')
  two.release()
  two.release()
  const all = await large
  t.is(await stateOf(small), 'pending')
  all.release()
  ;(await small).release()
  t.is(other.available, 3)
})

test('an abort or a timeout gives up and leaks nothing', async t => {
  const semaphore = new SharedSemaphore(2)
  const held = await semaphore.acquire()
  const controller = new AbortController()
  const aborted = semaphore.acquire({ permits: 2, signal: controller.signal })
  const behind = semaphore.acquire()
  controller.abort('why')
  const error = await errorOf(aborted)
  t.deepEqual([error.code, error.cause], ['ABORT_ERR', 'why'])
  const granted = await behind
  t.is((await errorOf(semaphore.acquire({ timeout: 5 }))).code, 'ERR_TIMEOUT')
  t.is((await errorOf(semaphore.acquire({ timeout: 0 }))).code, 'ERR_TIMEOUT')
  held.release()
  {
    using permit = await semaphore.acquire({ timeout: 0 })
    t.is(permit.permits, 1)
  }
  granted.release()
  t.is(semaphore.available, 2)
})

test('an abort that comes after the grant has no effect, though nobody was told yet', async t => {
  const semaphore = new SharedSemaphore(1)
  const held = await semaphore.acquire()
  const controller = new AbortController()
  const waiting = semaphore.acquire({ signal: controller.signal })
  held.release()
  controller.abort()
  ;(await waiting).release()
  t.is(semaphore.available, 1)
})

test('more than there are is an error at once; none at all is granted at once', async t => {
  const semaphore = new SharedSemaphore(1)
  t.is((await errorOf(semaphore.acquire({ permits: 2 }))).code, 'ERR_INVALID_OPTION')
  t.throws(() => semaphore.tryAcquire({ permits: 2 }), { code: 'ERR_INVALID_OPTION' })
  for (const permits of [-1, 0.5, NaN, null as never]) {
    t.is((await errorOf(semaphore.acquire({ permits }))).code, 'ERR_INVALID_OPTION')
  }
  const held = await semaphore.acquire()
  await semaphore.acquire({ permits: 0 })
  held.release()
})

test('disposal gives back what this instance holds and ends its waits, and only those', async t => {
  const semaphore = new SharedSemaphore(2)
  const other = SharedSemaphore.from(semaphore.handle)
  const held = await other.acquire()
  const mine = await semaphore.acquire()
  const theirs = other.acquire({ permits: 2 })
  const waiting = semaphore.acquire({ permits: 1 })
  await other[Symbol.asyncDispose]()
  t.is((await errorOf(theirs)).code, 'ERR_SEMAPHORE_CLOSED')
  ;(await waiting).release()
  held.release()
  mine.release()
  t.is(semaphore.available, 2)
  t.is(other.tryAcquire(), undefined)
  t.is((await errorOf(other.acquire())).code, 'ERR_SEMAPHORE_CLOSED')
  await semaphore[Symbol.asyncDispose]()
  t.throws(() => SharedSemaphore.from(semaphore.handle), { code: 'ERR_SEMAPHORE_CLOSED' })
})
