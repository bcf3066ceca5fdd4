// The other thread of the row about threads. A number announces so many messages to count; 0 means that each is sent back from then on.
// oxlint-disable unicorn/require-post-message-target-origin -- ports of a worker, not windows
import { parentPort, workerData } from 'node:worker_threads'

const { handles, batch } = workerData
let left
let isEcho = false

function expect(count) {
  left = count
  isEcho = count === 0
  parentPort.postMessage('expects')
}

function came(count) {
  left -= count
  if (left === 0) parentPort.postMessage('all')
}

if (handles === undefined) {
  parentPort.on('message', message => {
    if (typeof message === 'number') expect(message)
    else if (isEcho) parentPort.postMessage(message)
    else came(1)
  })
} else {
  const { SharedChannel } = await import('sluicegate/shared')
  const [there, back] = handles.map(handle => SharedChannel.from(handle))
  parentPort.on('message', expect)
  void run(there, back)
}
parentPort.postMessage('ready')

async function run(there, back) {
  if (batch === 0) {
    for await (const message of there) {
      if (isEcho) await back.send(message)
      else came(1)
    }
  }
  for (;;) {
    const messages = await there.receiveMany(batch)
    if (!isEcho) came(messages.length)
    else for (const message of messages) await back.send(message)
  }
}
