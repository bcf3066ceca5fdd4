// Messages from one thread to another, and a round trip between them: a shared channel beside MessagePort, which has no bound, so that all of
// its messages may lie in memory at once.
import { Worker } from 'node:worker_threads'
// oxlint-disable unicorn/require-post-message-target-origin -- ports of a worker, not windows
import { roundTrips } from '../harness/round-trips.mjs'
import { quantile } from '../harness/statistics.mjs'

const CAPACITY = 1024
const worker = new URL('../harness/threads.mjs', import.meta.url)

function start(workerData) {
  const thread = new Worker(worker, { workerData })
  const messages = []
  let wake
  thread.on('message', message => {
    messages.push(message)
    wake?.()
  })
  const next = async () => {
    while (messages.length === 0) await new Promise(resolve => (wake = resolve))
    return messages.shift()
  }
  const announce = async count => {
    thread.postMessage(count)
    await next()
  }
  return { thread, next, announce }
}

/** `send` floods `count` messages of that size; the thread says when it has them all. */
async function rate(count, size, send) {
  const began = performance.now()
  await send(count, new Uint8Array(size))
  return count / (performance.now() - began)
}

/** The same for all sides: `flood` has the thread take that many messages, `trip` sends one there and takes one back. */
async function measured(isQuick, { thread, next, announce }, flood, trip) {
  await next()
  const announced = async (count, message) => {
    await announce(count)
    await flood(count, message)
    await next()
  }
  const small = await rate(isQuick ? 200_000 : 1_000_000, 64, announced)
  const large = await rate(isQuick ? 10_000 : 50_000, 16 * 1024, announced)
  await announce(0)
  const message = new Uint8Array(64)
  const us = await roundTrips(isQuick, () => trip(message))
  await thread.terminate()
  return { '64 bytes, thousand/s': small, '16 KiB, thousand/s': large, 'round trip, p50, µs': quantile(us, 0.5) }
}

const ours = batch => ({
  open: () => import('sluicegate/shared'),
  async measure(isQuick, { SharedChannel }) {
    const [there, back] = [1, 2].map(() => new SharedChannel({ capacity: CAPACITY }))
    const flood = async (count, message) => {
      for (let i = 0; i < count; i++) await there.send(message)
    }
    const trip = async message => {
      await there.send(message)
      await back.receive()
    }
    return await measured(isQuick, start({ handles: [there.handle, back.handle], batch }), flood, trip)
  },
})

export const row = {
  title: 'Messages between two threads',
  sides: {
    'shared channel, receiveMany': ours(CAPACITY),
    'shared channel, for await': ours(0),
    MessagePort: {
      async measure(isQuick) {
        const started = start({})
        const { thread, next } = started
        const flood = async (count, message) => {
          for (let i = 0; i < count; i++) thread.postMessage(message)
        }
        const trip = async message => {
          thread.postMessage(message)
          await next()
        }
        return await measured(isQuick, started, flood, trip)
      },
    },
  },
  claims: [
    { side: 'shared channel, receiveMany', against: 'MessagePort', metric: '64 bytes, thousand/s', atLeast: 3 },
    { side: 'shared channel, for await', against: 'MessagePort', metric: 'round trip, p50, µs', atMost: 1 },
  ],
}
