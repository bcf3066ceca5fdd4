// Permits: weighted, strictly in order, and never leaked.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { Semaphore, SluiceError, type Permit } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('SEM-1: weighted permits; release is idempotent and is what disposal does', async t => {
  const semaphore = new Semaphore(5)
  const three = await semaphore.acquire({ permits: 3 })
  t.is(three.permits, 3)
  t.is(semaphore.available, 2)
  const one = await semaphore.acquire()
  t.is(one.permits, 1)
  three.release()
  three.release()
  three[Symbol.dispose]()
  t.is(semaphore.available, 4)
  one[Symbol.dispose]()
  one.release()
  t.is(semaphore.available, 5)
})

test('SEM-2: strictly first in, first out; tryAcquire does not overtake who waits, even where it would fit', async t => {
  const semaphore = new Semaphore(3)
  const held = await semaphore.acquire({ permits: 2 })
  const order: string[] = []
  const large = semaphore.acquire({ permits: 3 }).then(permit => (order.push('large'), permit))
  const small = semaphore.acquire().then(permit => (order.push('small'), permit))
  t.is(semaphore.available, 1)
  t.is(semaphore.tryAcquire(), undefined)
  t.is(semaphore.waiting, 2)
  held.release()
  t.is(await standing(small), 'pending')
  ;(await large).release()
  ;(await small).release()
  t.deepEqual(order, ['large', 'small'])
  t.is(semaphore.available, 3)
  t.truthy(semaphore.tryAcquire())
})

test('SEM-3: a large request at the head makes smaller ones wait, so it is not starved by a stream of them', async t => {
  const semaphore = new Semaphore(2)
  const first = await semaphore.acquire()
  const second = await semaphore.acquire()
  const large = semaphore.acquire({ permits: 2 })
  const stream = Array.from({ length: 20 }, () => semaphore.acquire())
  first.release()
  t.is(await standing(large), 'pending')
  second.release()
  const got = await large
  t.is(await standing(stream[0] as Promise<Permit>), 'pending')
  got.release()
  for (const acquired of stream) (await acquired).release()
  t.is(semaphore.available, 2)
})

test('SEM-4: more than there are in all is ERR_INVALID_OPTION at once; none at all is granted at once', async t => {
  const semaphore = new Semaphore(2)
  await t.throwsAsync(semaphore.acquire({ permits: 3 }), {
    code: 'ERR_INVALID_OPTION',
    message: /permits.*at most 2.*3/u,
  })
  t.throws(() => semaphore.tryAcquire({ permits: 3 }), { code: 'ERR_INVALID_OPTION' })
  for (const permits of [-1, 1.5, NaN, null as never]) {
    await t.throwsAsync(semaphore.acquire({ permits }), { code: 'ERR_INVALID_OPTION' })
  }
  const all = await semaphore.acquire({ permits: 2 })
  const waits = semaphore.acquire()
  t.is((await semaphore.acquire({ permits: 0 })).permits, 0)
  all.release()
  ;(await waits).release()
  t.is(semaphore.available, 2)
})

test('SEM-5: an abort leaves the line and lets those behind it go on', async t => {
  const semaphore = new Semaphore(3)
  const held = await semaphore.acquire({ permits: 2 })
  const controller = new AbortController()
  const large = semaphore.acquire({ permits: 3, signal: controller.signal })
  const small = semaphore.acquire()
  t.is(await standing(small), 'pending')
  const reason = new Error('enough')
  controller.abort(reason)
  await t.throwsAsync(large, { name: 'AbortError', code: 'ABORT_ERR' })
  t.is((await t.throwsAsync(large))?.cause, reason)
  ;(await small).release()
  held.release()
  t.is(semaphore.available, 3)
})

test('SEM-5: an abort that races the grant leaks nothing: who was granted keeps it, the signal is let go', async t => {
  const semaphore = new Semaphore(1)
  const held = await semaphore.acquire()
  const controller = new AbortController()
  const waits = semaphore.acquire({ signal: controller.signal })
  held.release()
  controller.abort()
  const permit = await waits
  t.is(semaphore.available, 0)
  permit.release()
  t.is(semaphore.available, 1)

  const again = await semaphore.acquire()
  const other = new AbortController()
  const aborted = semaphore.acquire({ signal: other.signal })
  other.abort()
  again.release()
  await t.throwsAsync(aborted, { code: 'ABORT_ERR' })
  t.is(semaphore.available, 1)
})

test('SEM-5: a signal that is aborted already wins over free permits; timeout 0 tries once', async t => {
  const semaphore = new Semaphore(1)
  await t.throwsAsync(semaphore.acquire({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  t.is(semaphore.available, 1)
  const permit = await semaphore.acquire({ timeout: 0 })
  await t.throwsAsync(semaphore.acquire({ timeout: 0 }), { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
  const late = semaphore.acquire({ timeout: 1 })
  await t.throwsAsync(late, { code: 'ERR_TIMEOUT' })
  await t.throwsAsync(semaphore.acquire({ timeout: -1 }), { code: 'ERR_INVALID_OPTION' })
  t.is(semaphore.waiting, 0)
  permit.release()
  t.is(semaphore.available, 1)
})

test('SEM-6: close rejects who waits and who comes later; what is held can still be released', async t => {
  const semaphore = new Semaphore(2, { name: 'files' })
  const held = await semaphore.acquire({ permits: 2 })
  const waits = [semaphore.acquire(), semaphore.acquire({ permits: 2 })]
  const reason = new Error('done with it')
  semaphore.close(reason)
  semaphore.close()
  for (const wait of [...waits, semaphore.acquire()]) {
    const error = await t.throwsAsync(wait, { code: 'ERR_SEMAPHORE_CLOSED', message: /files/u })
    t.is(error?.cause, reason)
  }
  t.is(semaphore.tryAcquire(), undefined)
  t.is(semaphore.waiting, 0)
  held.release()
  t.is(semaphore.available, 2)
})

test('SEM-7: with() gives the permits back after a value, a promise, a rejection and a throw', async t => {
  const semaphore = new Semaphore(2)
  t.is(await semaphore.with(() => semaphore.available, { permits: 2 }), 0)
  const gate = deferred<string>()
  const running = semaphore.with(() => gate.promise)
  await turns()
  t.is(semaphore.available, 1)
  gate.resolve('x')
  t.is(await running, 'x')
  const failure = new Error('bad')
  const thrower = (): never => {
    throw failure
  }
  t.is(await t.throwsAsync(semaphore.with(thrower)), failure)
  t.is(await t.throwsAsync(semaphore.with(() => Promise.reject(failure))), failure)
  t.is(semaphore.available, 2)
})

test('SEM-8: available is never negative: after a smaller resize the debt is paid by releases', async t => {
  const semaphore = new Semaphore(4)
  const permits = [await semaphore.acquire({ permits: 2 }), await semaphore.acquire({ permits: 2 })]
  semaphore.resize(1)
  t.is(semaphore.available, 0)
  const waits = semaphore.acquire()
  permits[0]?.release()
  t.is(semaphore.available, 0)
  t.is(await standing(waits), 'pending')
  permits[1]?.release()
  ;(await waits).release()
  t.is(semaphore.available, 1)
})

test('SEM-9: a larger resize serves who waits; a smaller one rejects who could never be served, and serves those behind', async t => {
  const semaphore = new Semaphore(2)
  const held = await semaphore.acquire({ permits: 2 })
  const one = semaphore.acquire()
  semaphore.resize(3)
  ;(await one).release()
  const three = semaphore.acquire({ permits: 3 })
  const behind = semaphore.acquire({ permits: 2 })
  semaphore.resize(2)
  await t.throwsAsync(three, { code: 'ERR_INVALID_OPTION' })
  held.release()
  ;(await behind).release()
  t.is(semaphore.available, 2)
  t.throws(() => semaphore.resize(0), { code: 'ERR_INVALID_OPTION' })
})

test('SEM-12: a hundred thousand that wait are aborted and served in linear time', async t => {
  const semaphore = new Semaphore(1)
  const held = await semaphore.acquire()
  const count = 100_000
  const controllers = Array.from({ length: count }, () => new AbortController())
  let aborted = 0
  const waits = controllers.map(({ signal }) =>
    semaphore.acquire({ signal }).then(
      permit => permit.release(),
      (error: unknown) => {
        if (SluiceError.is(error, 'ABORT_ERR')) aborted += 1
      },
    ),
  )
  // From the back: with a list that is searched each of these would look at all before it.
  for (let i = count - 1; i >= 0; i -= 2) controllers[i]?.abort()
  held.release()
  await Promise.all(waits)
  t.is(aborted, count / 2)
  t.is(semaphore.available, 1)
})

test('there may be no bound, by name; other totals are errors that say so', async t => {
  const semaphore = new Semaphore(Infinity)
  await semaphore.acquire({ permits: 1000 })
  t.is(semaphore.available, Infinity)
  for (const permits of [0, -1, 1.5, NaN, '2' as unknown as number]) {
    t.throws(() => new Semaphore(permits), { code: 'ERR_INVALID_OPTION', message: /permits/u })
  }
})

test('a loop over permits that are free leaves the event loop its turns', async t => {
  const semaphore = new Semaphore(1)
  const loop = { turned: false }
  setImmediate(() => (loop.turned = true))
  let rounds = 0
  while (!loop.turned && rounds < 5_000_000) {
    ;(await semaphore.acquire()).release()
    rounds += 1
  }
  t.true(loop.turned)
})

async function loses(semaphore: Semaphore, how: 'granted' | 'waited' | 'released'): Promise<void> {
  if (how === 'waited') {
    const held = semaphore.tryAcquire({ permits: 2 })
    const waiting = semaphore.acquire({ permits: 2 })
    held?.release()
    await waiting
  } else {
    const permit = await semaphore.acquire({ permits: 2 })
    if (how === 'released') permit.release()
  }
}

test.serial(
  'SEM-10: a permit that is collected as garbage before its release is told, with where it was acquired, and given back if asked',
  async t => {
    const warnings: Error[] = []
    const listen = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listen)
    t.teardown(() => process.off('warning', listen))
    const about = (name: string): Error[] => warnings.filter(({ message }) => message.includes(`semaphore ${name} `))
    for (const lostPermits of ['warn', 'reclaim'] as const) {
      for (const how of ['granted', 'waited', 'released'] as const) {
        const name = `${lostPermits}-${how}`
        const semaphore = new Semaphore(2, { name, lostPermits })
        await loses(semaphore, how)
        const isLost = how !== 'released'
        let rounds = 0
        await waitFor(
          () => {
            collectGarbage()
            rounds += 1
            return isLost ? about(name).length === 1 : rounds > 5
          },
          { deadline: 20_000 },
        )
        t.is(about(name).length, isLost ? 1 : 0)
        if (isLost) t.true(about(name)[0]?.stack?.includes('loses'), about(name)[0]?.stack)
        t.is(semaphore.available, isLost && lostPermits === 'warn' ? 0 : 2)
      }
    }
    t.throws(() => new Semaphore(1, { lostPermits: 'ignore' as never }), { code: 'ERR_INVALID_OPTION' })
  },
)
