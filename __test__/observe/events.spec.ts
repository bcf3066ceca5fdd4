// The diagnostics channels: what is published, in which order, and that nothing is made where nobody listens.

import diagnostics from 'node:diagnostics_channel'
import anyTest, { type ExecutionContext } from 'ava'
import {
  Channel,
  run,
  select,
  spawn,
  stream,
  WorkQueue,
  type ChannelResumeMessage,
  type ExitMessage,
  type ResumeMessage,
  type SpawnErrorMessage,
} from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

type Published = readonly [name: string, message: object]

/** What comes on these channels until the end of the test. */
function listen(t: ExecutionContext, ...names: readonly string[]): Published[] {
  const published: Published[] = []
  for (const name of names) {
    const subscriber = (message: unknown, channel: string | symbol): void =>
      void published.push([String(channel).replace('sluicegate:', ''), message as object])
    diagnostics.subscribe(`sluicegate:${name}`, subscriber)
    t.teardown(() => diagnostics.unsubscribe(`sluicegate:${name}`, subscriber))
  }
  return published
}

test('spawn and exit, and a start that failed', async t => {
  const published = listen(t, 'process:spawn', 'process:exit', 'process:error')
  const { pid } = await run('sh', ['-c', 'exit 3'], { reject: false })
  t.deepEqual(
    published.map(([name]) => name),
    ['process:spawn', 'process:exit'],
  )
  t.like(published[0]?.[1], { pid, file: 'sh' })
  t.like((published[1]![1] as ExitMessage).exit, { exitCode: 3, ok: false })
  const error = await t.throwsAsync(run('/nonexistent/program'))
  t.is((published[2]![1] as SpawnErrorMessage).error, error)
  t.is(published.length, 3)
})

test('a read that waits parks and resumes, with its stream and how long it waited', async t => {
  const published = listen(t, 'process:park', 'process:resume')
  const child = await spawn('cat', [], { stdin: 'pipe', stderr: 'pipe' })
  const read = child.stdout.read()
  await turns()
  const place = { pid: child.pid, file: 'cat', stream: 'stdout', operation: 'read' }
  t.deepEqual(published, [['process:park', place]])
  const other = child.stderr.read()
  await turns()
  t.like(published[1], ['process:park', { ...place, stream: 'stderr' }])
  await child.stdin.write('x')
  await read
  await turns()
  t.like(published[2], ['process:resume', place])
  const { waitedMs } = published[2]![1] as ResumeMessage
  t.true(waitedMs > 0 && waitedMs <= child.metrics().waitedForChildMs)
  await child.stdin.end()
  await other
  await child.stdout.bytes()
  await child.closed
  const count = (name: string): number => published.filter(([one]) => one === name).length
  await waitFor(() => count('process:park') === count('process:resume'))
})

test('a write that waits parks, also behind a stream that has not started yet', async t => {
  const published = listen(t, 'process:park', 'process:resume')
  const child = await spawn('sleep', ['60'], { stdin: 'pipe' })
  const write = child.stdin.write(new Uint8Array(10_000_000))
  await turns()
  t.deepEqual(published, [['process:park', { pid: child.pid, file: 'sleep', stream: 'stdin', operation: 'write' }]])
  await child.terminate()
  await t.throwsAsync(write)
  await turns()
  t.is(published.length, 2)

  published.length = 0
  await using reader = stream('sh', ['-c', 'read x; echo y'], { input: '\n' })
  await reader.read()
  await turns()
  t.true(published.length >= 2)
  for (const [, message] of published) t.like(message, { file: 'sh', operation: 'read', stream: 'stdout' })
})

test('senders that wait, and what is dropped', async t => {
  const published = listen(t, 'channel:park', 'channel:resume', 'channel:drop', 'queue:drop')
  const channel = new Channel<number>({ capacity: 1, name: 'full' })
  await channel.send(1)
  const sends = [channel.send(2), channel.reserve(), select({ a: { send: channel, value: 3 } })]
  await turns()
  t.deepEqual(
    published,
    [1, 2, 3].map(waitingSenders => ['channel:park', { name: 'full', length: 1, capacity: 1, waitingSenders }]),
  )
  channel.cancel()
  await Promise.allSettled(sends)
  await turns()
  t.deepEqual(
    published.slice(3).map(([name]) => name),
    ['channel:drop', 'channel:resume', 'channel:resume', 'channel:resume'],
  )
  t.deepEqual(published[3]?.[1], { name: 'full', reason: 'canceled', count: 1 })
  t.true((published[4]![1] as ChannelResumeMessage).waitedMs > 0)

  const gate = deferred()
  const queue = new WorkQueue(async () => await gate.promise, {
    concurrency: 1,
    capacity: 1,
    overflow: 'drop-newest',
    name: 'jobs',
  })
  for (let job = 0; job < 3; job++) await queue.offer(job)
  t.deepEqual(published.at(-1), ['queue:drop', { name: 'jobs', reason: 'newest', count: 1 }])
  gate.resolve()
  await queue.close()
})

test('a subscriber that uses the channel comes between no two steps of an operation', async t => {
  const channel = new Channel<number>({ capacity: 1 })
  const greedy = (): void => void channel.trySend(99)
  diagnostics.subscribe('sluicegate:channel:resume', greedy)
  t.teardown(() => diagnostics.unsubscribe('sluicegate:channel:resume', greedy))
  await channel.send(1)
  const parked = channel.send(2)
  t.is((await channel.receive()).value, 1)
  t.is(channel.length, 1)
  await parked
  await turns()
  t.is(channel.length, 1)
  t.is((await channel.receive()).value, 2)
})

test('without subscribers nothing is published and no message is made', async t => {
  const channels = ['process:spawn', 'process:exit', 'process:park', 'process:resume', 'channel:park', 'channel:resume']
  const made: string[] = []
  for (const name of channels) {
    const channel = diagnostics.channel(`sluicegate:${name}`)
    t.false(channel.hasSubscribers)
    Object.defineProperty(channel, 'publish', { value: () => made.push(name), configurable: true })
    t.teardown(() => Reflect.deleteProperty(channel, 'publish'))
  }
  await run('cat', [], { input: 'x' })
  const values = new Channel<number>(1)
  await values.send(1)
  const parked = values.send(2)
  await values.receive()
  await parked
  await turns(2)
  t.deepEqual(made, [])
})
