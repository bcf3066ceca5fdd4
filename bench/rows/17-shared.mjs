// Messages from one thread to another, and a round trip between them: a shared channel beside MessagePort, which has no bound, so that all of
// its messages may lie in memory at once.
import { Worker } from 'node:worker_threads'
// oxlint-disable unicorn/require-post-message-target-origin -- ports of a worker, not windows
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

async function trips(isQuick, once) {
  const us = []
  for (let i = 0; i < (isQuick ? 3000 : 15_000); i++) {
    const began = performance.now()
    await once()
    us.push((performance.now() - began) * 1000)
  }
  return quantile(us, 0.5)
}

/** `send` floods `count` messages of that size; the thread says when it has them all. */
async function rate(count, size, send) {
  const began = performance.now()
  await send(count, new Uint8Array(size))
  return count / (performance.now() - began)
}

const ours = batch => ({
  open: () => import('sluicegate/shared'),
  async measure(isQuick, { SharedChannel }) {
    const [there, back] = [1, 2].map(() => new SharedChannel({ capacity: CAPACITY }))
    const { thread, next, announce } = start({ handles: [there.handle, back.handle], batch })
    await next()
    const flood = async (count, message) => {
      await announce(count)
      for (let i = 0; i < count; i++) await there.send(message)
      await next()
    }
    const small = await rate(isQuick ? 200_000 : 1_000_000, 64, flood)
    const large = await rate(isQuick ? 10_000 : 50_000, 16 * 1024, flood)
    await announce(0)
    const message = new Uint8Array(64)
    const trip = await trips(isQuick, async () => {
      await there.send(message)
      await back.receive()
    })
    await thread.terminate()
    return { '64 bytes, thousand/s': small, '16 KiB, thousand/s': large, 'round trip, p50, µs': trip }
  },
})

export const row = {
  title: 'Messages between two threads',
  sides: {
    'shared channel, receiveMany': ours(CAPACITY),
    'shared channel, for await': ours(0),
    MessagePort: {
      async measure(isQuick) {
        const { thread, next, announce } = start({})
        await next()
        const flood = async (count, message) => {
          await announce(count)
          for (let i = 0; i < count; i++) thread.postMessage(message)
          await next()
        }
        const small = await rate(isQuick ? 200_000 : 1_000_000, 64, flood)
        const large = await rate(isQuick ? 10_000 : 50_000, 16 * 1024, flood)
        await announce(0)
        const message = new Uint8Array(64)
        const trip = await trips(isQuick, async () => {
          thread.postMessage(message)
          await next()
        })
        await thread.terminate()
        return { '64 bytes, thousand/s': small, '16 KiB, thousand/s': large, 'round trip, p50, µs': trip }
      },
    },
  },
  claims: [
    { side: 'shared channel, receiveMany', against: 'MessagePort', metric: '64 bytes, thousand/s', atLeast: 3 },
    { side: 'shared channel, for await', against: 'MessagePort', metric: 'round trip, p50, µs', atMost: 1 },
  ],
}
