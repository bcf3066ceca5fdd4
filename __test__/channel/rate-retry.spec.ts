// A rate without windows, and the time between tries.
import fc from 'fast-check'
import test from 'ava'
import { Rate } from '../../src/rate.ts'
import { backoffDelay, checkRetry, triesAgain } from '../../src/retry.ts'

/** When each of `count` is let through, if somebody always wants to. */
function admissions(rate: Rate, count: number, from = 0): number[] {
  const times: number[] = []
  let now = from
  while (times.length < count) {
    now += rate.delay(now)
    rate.take(now)
    times.push(now)
  }
  return times
}

test('GCRA: by default they are spaced evenly', t => {
  t.deepEqual(admissions(new Rate({ limit: 4, interval: 100 }), 5), [0, 25, 50, 75, 100])
})

test('GCRA: a burst goes at once after a pause, then the steady rate holds', t => {
  const rate = new Rate({ limit: 2, interval: 100, burst: 3 })
  t.deepEqual(admissions(rate, 5), [0, 0, 0, 50, 100])
  t.deepEqual(admissions(rate, 4, 1000), [1000, 1000, 1000, 1050])
})

test('GCRA: no interval, wherever it begins, sees more than limit + burst - 1: a fixed window lets twice the limit through at its edge', t => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 100 })
  const options = fc.record({
    limit: fc.integer({ min: 1, max: 10 }),
    interval: fc.integer({ min: 1, max: 1000 }),
    burst: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(arrivals, options, (gaps, options) => {
      const rate = new Rate(options)
      const passed: number[] = []
      let now = 0
      for (const gap of gaps) {
        now += gap
        if (rate.delay(now) > 0) continue
        rate.take(now)
        passed.push(now)
      }
      for (const from of passed) {
        const until = from + options.interval - 1e-6
        t.true(passed.filter(at => at >= from && at < until).length <= options.limit + options.burst - 1)
      }
    }),
    { numRuns: 300 },
  )
})

test('GCRA: after a pause the whole burst is allowed, whatever the clock rounds', t => {
  for (const interval of [1, 7, 1000, 3_600_000]) {
    for (let limit = 1; limit < 100; limit++) {
      for (const burst of [1, 2, 3, 10, 33]) {
        const rate = new Rate({ limit, interval, burst })
        t.is(rate.allowed(12_345.678), burst)
        t.is(rate.delay(12_345.678, burst), 0)
        t.is(rate.delay(12_345.678, burst + 1), Infinity)
        rate.take(12_345.678)
        t.is(rate.allowed(12_345.678), burst - 1)
      }
    }
  }
})

test('a bad rate is an error that names the option', t => {
  t.throws(() => new Rate({ limit: 0, interval: 1 }), { code: 'ERR_INVALID_OPTION', message: /`rate\.limit`/u })
  t.throws(() => new Rate({ limit: 1, interval: -1 }), { code: 'ERR_INVALID_OPTION', message: /`rate\.interval`/u })
  t.throws(() => new Rate({ limit: 1, interval: 1, burst: 0.5 }), { message: /`rate\.burst`/u })
  t.throws(() => new Rate(null as never), { code: 'ERR_INVALID_OPTION' })
})

test('the time between tries doubles from 100 ms to 30 s', t => {
  const delays = Array.from({ length: 11 }, (_, i) => backoffDelay({ jitter: false }, i + 1))
  t.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  t.is(backoffDelay({ jitter: false, initial: 10, factor: 3 }, 4), 270)
  t.is(backoffDelay({ jitter: false, initial: 0 }, 5000), 0)
  t.is(backoffDelay({ jitter: false, max: 500 }, 5000), 500)
})

test('full jitter: anything from nothing to the whole time', t => {
  const delays = Array.from({ length: 2000 }, () => backoffDelay({ initial: 1000 }, 1))
  t.true(delays.every(delay => delay >= 0 && delay < 1000))
  t.true(Math.min(...delays) < 50)
  t.true(Math.max(...delays) > 950)
})

test('attempts are tries in all, and retryIf decides about each', t => {
  t.false(triesAgain(undefined, 'x', 1))
  t.true(triesAgain({ attempts: 3 }, 'x', 2))
  t.false(triesAgain({ attempts: 3 }, 'x', 3))
  const asked: unknown[] = []
  const retryIf = (error: unknown, attempt: number): boolean => asked.push([error, attempt]) < 2
  t.true(triesAgain({ attempts: 9, retryIf }, 'x', 1))
  t.false(triesAgain({ attempts: 9, retryIf }, 'y', 2))
  t.deepEqual(asked, [
    ['x', 1],
    ['y', 2],
  ])
})

test('a bad retry is an error that names the option', t => {
  const check = (retry: object): void => checkRetry(retry as never, 'retry')
  for (const [retry, name] of [
    [{}, 'attempts'],
    [{ attempts: 0 }, 'attempts'],
    [{ attempts: 2, initial: -1 }, 'initial'],
    [{ attempts: 2, max: Infinity }, 'max'],
    [{ attempts: 2, factor: 0.5 }, 'factor'],
    [{ attempts: 2, jitter: 1 }, 'jitter'],
    [{ attempts: 2, retryIf: true }, 'retryIf'],
  ] as const) {
    t.throws(() => check(retry), { code: 'ERR_INVALID_OPTION', message: new RegExp(`\`retry\\.${name}\``, 'u') })
  }
  t.notThrows(() => check({ attempts: Infinity }))
})
