// Several threads that do anything at any time. SLUICEGATE_RUNS sets how many operations each of them does.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { SharedChannel, SharedSemaphore } from '../../src/shared/index.ts'
import { shareAtRandom, type Tally } from '../helpers/random-sharing.ts'

const RUNS = Number(process.env['SLUICEGATE_RUNS'] ?? 2000)
const TOTAL = 4

for (const capacity of [0, 3]) {
  test(`three threads send, receive, reserve and give up at random, capacity ${capacity}: nothing lost or doubled, bounds kept, every promise settled`, async t => {
    const channel = new SharedChannel({ capacity, codec: 'utf8' })
    const semaphore = new SharedSemaphore(TOTAL)
    const held = new Int32Array(new SharedArrayBuffer(4))
    const seed = Math.floor(Math.random() * 1e9)
    const workerData = { channel: channel.handle, semaphore: semaphore.handle, held, count: RUNS }
    const workers = [1, 2].map(number => {
      const file = new URL('../fixtures/random-sharer.ts', import.meta.url)
      return new Worker(file, { workerData: { ...workerData, seed: seed + number } })
    })
    const posted = workers.map(async worker => (await once(worker, 'message'))[0] as Tally)
    const own = shareAtRandom(channel, semaphore, held, { seed, count: RUNS })
    const tallies = await Promise.all([own, ...posted])
    channel.close()
    const rest = await channel.receiveMany(Infinity)
    const accepted = tallies.flatMap(tally => tally.accepted)
    const received = [...tallies.flatMap(tally => tally.received), ...rest]
    t.deepEqual(received.sort(), accepted.sort(), `seed ${seed}`)
    t.is(new Set(received).size, received.length)
    t.true(received.length > RUNS / 10, `only ${received.length} came through`)
    t.true(channel.metrics().peakLength <= capacity)
    for (const { unsettled, mostHeld } of tallies) {
      t.is(unsettled, 0)
      t.true(mostHeld <= TOTAL, `${mostHeld} of ${TOTAL} permits`)
    }
    t.is(semaphore.available, TOTAL)
    await Promise.all(workers.map(worker => worker.terminate()))
  })
}
