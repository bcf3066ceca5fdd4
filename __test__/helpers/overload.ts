// Ten times what the last stage of a flow can do, for as long as is asked for, and then less than it can do.

import type { ExecutionContext } from 'ava'
import { Channel, flow } from '../../index.ts'
import { ownMemory } from './usage.ts'
import { waitFor } from './wait-for.ts'

const MiB = 1024 * 1024
const PAYLOAD = 16 * 1024
/** Values a second that the last stage takes. */
const PACE = 500

interface Item {
  readonly at: number
  readonly bytes: Uint8Array
}

const INLET = 50
const STAGE = 4
const BUFFER = 100
const BATCH = 20
/**
 * One in the producer's rate and one at the inlet's door; the inlet; four that are worked on and four that are ready; the buffer; one batch
 * that is formed, one that is ready for the callback, one that runs, one that is ready, and one whose items are given out; one that waits for the
 * rate, and one with the consumer.
 */
const BOUND = 2 + INLET + 2 * STAGE + BUFFER + 5 * BATCH + 2

export async function overload(t: ExecutionContext, seconds: number): Promise<void> {
  const inlet = new Channel<Item>({ capacity: INLET, name: 'inlet' })
  let produced = 0
  let consumed = 0
  let most = 0
  let quickest = Infinity
  function* items(until: number): Generator<Item> {
    while (performance.now() < until) {
      produced += 1
      most = Math.max(most, produced - consumed)
      yield { at: performance.now(), bytes: new Uint8Array(PAYLOAD).fill(produced) }
    }
  }
  const produce = (factor: number, ms: number): Promise<void> =>
    flow(items(performance.now() + ms))
      .rate({ limit: PACE * factor, interval: 1000, burst: Math.max(1, PACE * (factor - 1) * 0.1) })
      .to(inlet, { preventClose: true })
  const steps = flow(inlet)
    .map(async item => item, { concurrency: STAGE })
    .buffer(BUFFER)
    .batch({ maxSize: BATCH, maxDelay: 20 })
    .map(async batch => batch)
    .flatMap(batch => batch)
    .rate({ limit: PACE, interval: 1000, burst: 10 })
  const done = steps.forEach(item => {
    consumed += 1
    quickest = Math.min(quickest, performance.now() - item.at)
  })

  await produce(10, 500)
  const memory = ownMemory()
  let peak = memory
  const under = produce(10, seconds * 1000)
  let isOver = false
  void under.finally(() => (isOver = true))
  const look = (): boolean => {
    peak = Math.max(peak, ownMemory())
    return isOver
  }
  await waitFor(look, { interval: 100, deadline: seconds * 4000 })
  await under
  t.true(most <= BOUND, `${most} under way, ${BOUND} allowed`)
  t.true(most > INLET + BUFFER, `only ${most} under way: that was no overload`)
  t.true(consumed > (PACE * seconds) / 8, `${consumed} came`)
  t.true(peak - memory < 96 * MiB, `grown by ${peak - memory}`)
  t.is(inlet.metrics().dropped, 0)

  const isEmpty = (): boolean => produced === consumed
  await waitFor(isEmpty, { deadline: 20_000, what: 'an empty flow' })
  quickest = Infinity
  await produce(0.2, 1000)
  await waitFor(isEmpty, { deadline: 20_000, what: 'an empty flow' })
  t.true(quickest < 400, `${quickest} ms from one end to the other`)
  for (const edge of [inlet.metrics(), ...steps.metrics()]) t.is(edge.length, 0, edge.name)
  inlet.close()
  await done
}
