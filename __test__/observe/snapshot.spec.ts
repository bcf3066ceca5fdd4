// What a snapshot lists, and that being listed keeps nothing alive.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import anyTest from 'ava'
import { Channel, flow, run, snapshot, spawn, stream, WorkQueue } from '../../index.ts'
import { list } from '../../src/observe/index.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function namesOf(kind: 'channels' | 'queues' | 'flows' | 'stages'): string[] {
  return snapshot()[kind].map(({ name }) => name)
}

test('every child is listed while it lives, however it was started', async t => {
  t.deepEqual(snapshot().processes, [])
  const child = await spawn('cat', [], { stdin: 'pipe' })
  await child.stdin.write('abc')
  await waitFor(() => snapshot().processes[0]?.pipedBytes === 3)
  const [metrics] = snapshot().processes
  t.like(metrics, { kind: 'process', pid: child.pid, file: 'cat', bytesWritten: 3 })
  const reader = stream('sh', ['-c', 'echo x; exec sleep 60'])
  await reader.read()
  t.deepEqual(
    snapshot()
      .processes.map(({ file }) => file)
      .sort(),
    ['cat', 'sh'],
  )
  await reader.cancel()
  await child.stdin.end()
  await child.exited
  await waitFor(() => snapshot().processes.length === 0)
  await child.stdout.bytes()
  await child.closed
  await t.throwsAsync(spawn('/nonexistent/program'), { code: 'ENOENT' })
  t.deepEqual(snapshot().processes, [])
  t.true(Math.abs(snapshot().at - Date.now()) < 60_000)
})

test('channels and queues are listed by their names, and only then', async t => {
  const channel = new Channel<number>({ capacity: 4, name: 'rows' })
  const queue = new WorkQueue(async (job: number) => job, { concurrency: 1, name: 'jobs' })
  const nameless = [new Channel<number>(1), new WorkQueue(async () => {}, { concurrency: 1 })]
  await channel.send(1)
  await queue.submit(1)
  t.like(
    snapshot().channels.find(({ name }) => name === 'rows'),
    { length: 1, capacity: 4, fillRatio: 0.25, sent: 1 },
  )
  t.like(
    snapshot().queues.find(({ name }) => name === 'jobs'),
    { kind: 'queue', completed: 1 },
  )
  t.false([...namesOf('channels'), ...namesOf('queues')].some(name => name === '' || name === 'queue'))
  t.is(nameless.length, 2)
  t.deepEqual(
    snapshot().queues.find(({ name }) => name === 'jobs'),
    queue.metrics(),
  )
})

test('flows with a name are listed while they run, with their edges and the step that all others wait for', async t => {
  const gate = deferred()
  const run = flow([1, 2, 3], { name: 'orders' })
    .map(async item => item, { name: 'parse' })
    .map(
      async item => {
        await gate.promise
        return item
      },
      { name: 'store' },
    )
  const nameless = flow([1]).map(async item => {
    await gate.promise
    return item
  })
  t.deepEqual(namesOf('flows'), [])
  const done = Promise.all([run.toArray(), nameless.toArray()])
  await turns(2)
  const [listed, ...others] = snapshot().flows
  t.deepEqual(others, [])
  t.like(listed, { kind: 'flow', name: 'orders', bottleneck: 'store', edges: run.metrics() })
  t.deepEqual(JSON.parse(JSON.stringify(listed)), listed)
  gate.resolve()
  await done
  t.deepEqual(namesOf('flows'), [])
})

test('a flow that was left, or failed, is listed no more; branches are listed apart from what is before them', async t => {
  const failing = flow([1], { name: 'failing' }).map(() => {
    throw new Error('broken')
  })
  await t.throwsAsync(failing.toArray())
  for await (const item of flow([1, 2], { name: 'left' })) {
    t.deepEqual(namesOf('flows'), ['left'])
    if (item === 1) break
  }
  t.deepEqual(namesOf('flows'), [])
  const gate = deferred()
  const branches = flow([1, 2, 3, 4, 5], { name: 'orders' }).broadcast(2)
  const all = Promise.all(branches.map(branch => branch.forEach(async () => await gate.promise)))
  await turns(2)
  t.deepEqual(namesOf('flows').sort(), ['orders', 'orders: broadcast 1[0]', 'orders: broadcast 1[1]'])
  gate.resolve()
  await all
  await turns(2)
  t.deepEqual(namesOf('flows'), [])
})

test('a flow that nobody can go on with is collected, though it is listed', async t => {
  void flow(
    { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) },
    { name: 'forgotten' },
  ).toArray()
  await turns()
  t.deepEqual(namesOf('flows'), ['forgotten'])
  await waitFor(
    async () => {
      await turns()
      collectGarbage()
      return namesOf('flows').length === 0
    },
    { deadline: 10_000 },
  )
})

test('being listed keeps nothing alive, and what is gone is listed no more', async t => {
  for (let index = 0; index < 100; index++) void new Channel({ capacity: 1, name: 'short-lived' }).trySend(index)
  const kept = new Channel<number>({ capacity: 1, name: 'kept' })
  await waitFor(
    async () => {
      await turns()
      collectGarbage()
      return !namesOf('channels').includes('short-lived')
    },
    { deadline: 10_000 },
  )
  t.true(namesOf('channels').includes('kept'))
  t.is(kept.length, 0)
})

test('parts above list what they have in the same way', t => {
  const stage = { demand: 3 }
  list('stages', 'numbers', stage, ({ demand }) => ({
    kind: 'stage',
    name: 'numbers',
    demand,
    buffered: 0,
    discarded: 0,
    handled: 0,
    subscribers: 1,
  }))
  t.deepEqual(namesOf('stages'), ['numbers'])
  t.is(snapshot().stages[0]?.demand, stage.demand)
})

test('a snapshot is plain data of that moment', async t => {
  const gate = deferred()
  const queue = new WorkQueue(async () => await gate.promise, { concurrency: 1, name: 'plain' })
  await queue.offer(undefined)
  const before = snapshot()
  gate.resolve()
  await queue.onIdle()
  t.like(
    before.queues.find(({ name }) => name === 'plain'),
    { running: 1, completed: 0 },
  )
  t.deepEqual(JSON.parse(JSON.stringify(before)), before)
})
