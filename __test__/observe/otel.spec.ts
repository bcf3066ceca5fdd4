// What arrives in a real OpenTelemetry SDK when it collects, and that nothing happens when it does not.

import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import anyTest, { type ExecutionContext } from 'ava'
import { batch, Channel, flow, run, spawn, WorkQueue } from '../../index.ts'
import { list } from '../../src/observe/index.ts'
import { instrument } from '../../src/observe/otel.ts'
import { withCensus } from '../helpers/census.ts'
import { deferred } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

interface Setup {
  /** All that one collection gave, by name. */
  readonly collect: () => Promise<Map<string, MetricData>>
  readonly instrumentation: Disposable
}

function setup(t: ExecutionContext): Setup {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  // Far longer than a test: it collects when it is told to.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  t.teardown(async () => await provider.shutdown())
  return {
    instrumentation: instrument(provider.getMeter('sluicegate-test')),
    collect: async () => {
      exporter.reset()
      await provider.forceFlush()
      const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      return new Map(scopes.flatMap(({ metrics }) => metrics).map(metric => [metric.descriptor.name, metric]))
    },
  }
}

/** The value of the one series that has these attributes. */
function valueOf(metrics: Map<string, MetricData>, name: string, attributes: object = {}): unknown {
  const points = metrics.get(`sluicegate.${name}`)?.dataPoints ?? []
  return points.find(point => JSON.stringify(point.attributes) === JSON.stringify(attributes))?.value
}

test('children: how many live, started, failed to start and ended, without pids or arguments', async t => {
  const { collect } = setup(t)
  const before = await collect()
  const sleepers = [await spawn('sleep', ['60']), await spawn('/bin/sleep', ['61'])]
  await run('sh', ['-c', 'exit 3'], { reject: false })
  await t.throwsAsync(run('/nonexistent/program'))
  const during = await collect()
  const more = (name: string, attributes?: object): number =>
    Number(valueOf(during, name, attributes)) - Number(valueOf(before, name, attributes))
  t.is(valueOf(during, 'process.alive', { 'process.executable.name': 'sleep' }), 2)
  t.is(valueOf(during, 'process.piped', { 'process.executable.name': 'sleep' }), 0)
  t.is(more('process.spawns'), 3)
  t.is(more('process.spawn_errors'), 1)
  t.is(more('process.exits', { 'sluicegate.ok': false }), 1)
  t.is(more('process.exits', { 'sluicegate.ok': true }), 0)
  await Promise.all(sleepers.map(async child => await child.terminate()))
  // The SDK would go on with the last value of a series that is gone.
  t.is(valueOf(await collect(), 'process.alive', { 'process.executable.name': 'sleep' }), 0)
  const text = JSON.stringify([...during])
  t.false(text.includes(String(sleepers[0]?.pid)) || text.includes('exit 3'))
})

test('channels: fill ratio, waits and drops; those of one name are one series', async t => {
  const { collect } = setup(t)
  const attributes = { 'sluicegate.channel.name': 'rows' }
  const channel = new Channel<number>({ capacity: 4, name: 'rows' })
  const twin = new Channel<number>({ capacity: 2, name: 'rows', overflow: 'drop-newest' })
  for (let value = 0; value < 4; value++) await channel.send(value)
  for (let value = 0; value < 5; value++) await twin.send(value)
  const parked = channel.send(4)
  const full = await collect()
  t.is(valueOf(full, 'channel.fill_ratio', attributes), 1)
  t.is(valueOf(full, 'channel.length', attributes), 6)
  t.is(valueOf(full, 'channel.capacity', attributes), 6)
  t.is(valueOf(full, 'channel.sent', attributes), 6)
  t.is(valueOf(full, 'channel.dropped', attributes), 3)
  t.is(valueOf(full, 'channel.waiting', { ...attributes, 'sluicegate.side': 'send' }), 1)
  t.is(valueOf(full, 'channel.waiting', { ...attributes, 'sluicegate.side': 'receive' }), 0)
  t.is(valueOf(full, 'channel.send_wait', attributes), 0)
  await channel.receiveMany(4)
  await parked
  await twin.receiveMany(2)
  const later = await collect()
  t.is(valueOf(later, 'channel.fill_ratio', attributes), 0.25)
  t.is(valueOf(later, 'channel.received', attributes), 6)
  t.true(Number(valueOf(later, 'channel.send_wait', attributes)) > 0)
})

test('queues and batches: jobs by what became of them, time in seconds, items per batch', async t => {
  const { collect } = setup(t)
  const before = await collect()
  const attributes = { 'sluicegate.queue.name': 'jobs' }
  const gate = deferred()
  const work = async (job: string): Promise<void> => {
    await gate.promise
    if (job === 'bad') throw new Error(job)
  }
  const queue = new WorkQueue(work, { concurrency: 1, capacity: 2, overflow: 'drop-newest', name: 'jobs' })
  for (const job of ['good', 'bad', 'good', 'too many']) await queue.offer(job)
  const during = await collect()
  t.is(valueOf(during, 'queue.running', attributes), 1)
  t.is(valueOf(during, 'queue.waiting', attributes), 2)
  t.is(valueOf(during, 'queue.jobs', { ...attributes, 'sluicegate.outcome': 'dropped' }), 1)
  gate.resolve()
  await queue.close()
  const numbers = new Channel<number>(10)
  for (let value = 0; value < 10; value++) await numbers.send(value)
  numbers.close()
  for await (const some of batch(numbers, { maxSize: 4 })) t.true(some.length > 0)
  const after = await collect()
  t.is(valueOf(after, 'queue.jobs', { ...attributes, 'sluicegate.outcome': 'completed' }), 2)
  t.is(valueOf(after, 'queue.jobs', { ...attributes, 'sluicegate.outcome': 'failed' }), 1)
  t.is(valueOf(after, 'queue.run', attributes), queue.metrics().runMs.total / 1000)
  t.is(valueOf(after, 'queue.wait', attributes), queue.metrics().waitMs.total / 1000)
  t.is(Number(valueOf(after, 'batch.batches')) - Number(valueOf(before, 'batch.batches')), 3)
  t.is(Number(valueOf(after, 'batch.items')) - Number(valueOf(before, 'batch.items')), 10)
})

test('stages, pipelines and valves are read from the same snapshot', async t => {
  const { collect } = setup(t)
  const metrics = { demand: 5, buffered: 2, discarded: 0, handled: 9, subscribers: 1 }
  const held = [{}, {}, {}] as const
  list('stages', 'parse', held[0], () => ({ kind: 'stage', name: 'parse', ...metrics }))
  const counts = {
    claimed: 1,
    computed: 1,
    sent: 1,
    acked: 1,
    published: 7,
    credit: 1,
    writerIdleMs: 0,
    headOfLineMs: 0,
  }
  const processors = { index: { ...counts, lag: 3, retries: 1, deadLetters: 0 } }
  list('pipelines', 'events', held[1], () => ({ kind: 'pipeline', name: 'events', last: 10, processors }))
  const pressure = { leases: 1, appliedMs: 1500, mutedSenders: 2, feeds: [], holders: [], waitsFor: [] }
  list('valves', 'disk', held[2], () => ({ kind: 'valve', name: 'disk', ...pressure }))
  const collected = await collect()
  t.is(valueOf(collected, 'stage.demand', { 'sluicegate.stage.name': 'parse' }), 5)
  const processor = { 'sluicegate.pipeline.name': 'events', 'sluicegate.processor.name': 'index' }
  t.is(valueOf(collected, 'pipeline.lag', processor), 3)
  t.is(valueOf(collected, 'valve.applied', { 'sluicegate.valve.name': 'disk' }), 1.5)
  t.is(held.length, 3)
})

test('the edges of flows that have a name are read while these run', async t => {
  const { collect } = setup(t)
  const gate = deferred()
  const done = flow([1, 2, 3], { name: 'orders' })
    .map(async item => item, { name: 'parse' })
    .forEach(async () => await gate.promise)
  await turns(2)
  const edge = { 'sluicegate.flow.name': 'orders', 'sluicegate.flow.edge': 'parse' }
  const during = await collect()
  t.is(valueOf(during, 'flow.values', edge), 3)
  t.is(valueOf(during, 'flow.length', edge), 0)
  t.is(valueOf(during, 'flow.fill_ratio', { ...edge, 'sluicegate.flow.edge': 'forEach' }), 1)
  gate.resolve()
  await done
  t.is(valueOf(await collect(), 'flow.fill_ratio', { ...edge, 'sluicegate.flow.edge': 'forEach' }), 0)
})

test('kinds and units are those of the conventions, and what has no bound has no capacity', async t => {
  const { collect } = setup(t)
  const endless = new Channel<number>({ capacity: Infinity, name: 'endless' })
  const child = await spawn('sleep', ['60'])
  const metrics = await collect()
  t.is(valueOf(metrics, 'channel.capacity', { 'sluicegate.channel.name': 'endless' }), undefined)
  t.is(valueOf(metrics, 'channel.length', { 'sluicegate.channel.name': 'endless' }), endless.length)
  const shape = (name: string): unknown => {
    const metric = metrics.get(`sluicegate.${name}`)
    return metric?.dataPointType === DataPointType.SUM
      ? [metric.descriptor.unit, metric.isMonotonic]
      : metric?.descriptor.unit
  }
  t.deepEqual(shape('process.spawns'), ['{process}', true])
  t.deepEqual(shape('process.alive'), ['{process}', false])
  t.deepEqual(shape('process.piped'), ['By', false])
  t.deepEqual(shape('channel.send_wait'), ['s', true])
  t.is(shape('channel.fill_ratio'), '1')
  await child.terminate()
})

test('it observes when it is collected and at no other time, and no more after its disposal', async t => {
  const { collect, instrumentation } = setup(t)
  let looks = 0
  const target = {}
  list('valves', 'watched', target, () => {
    looks++
    return {
      kind: 'valve',
      name: 'watched',
      leases: 0,
      appliedMs: 0,
      mutedSenders: 0,
      feeds: [],
      holders: [],
      waitsFor: [],
    }
  })
  const channel = new Channel<number>({ capacity: 1, name: 'watched' })
  for (let value = 0; value < 100; value++) {
    await channel.send(value)
    await channel.receive()
  }
  t.is(looks, 0)
  await collect()
  await collect()
  t.is(looks, 2)
  instrumentation[Symbol.dispose]()
  await collect()
  t.is(looks, 2)
  t.deepEqual(target, {})
})

test('a counter of a name never falls: what an object had counted stays when it is gone or begins anew', async t => {
  const { collect } = setup(t)
  const sentOf = async (): Promise<unknown> =>
    valueOf(await collect(), 'channel.sent', { 'sluicegate.channel.name': 'of-many' })
  const stays = new Channel<number>({ capacity: 10, name: 'of-many' })
  await stays.send(1)
  const metrics = { ...stays.metrics(), sent: 5 }
  const target = {}
  const forget = list('channels', 'of-many', target, () => ({ ...metrics }))
  t.is(await sentOf(), 6)
  metrics.sent = 2
  t.is(await sentOf(), 6)
  metrics.sent = 4
  t.is(await sentOf(), 8)
  forget?.()
  await stays.send(2)
  t.is(await sentOf(), 9)
  t.is(await sentOf(), 9)
  const next = {}
  list('channels', 'of-many', next, () => ({ ...metrics }))
  t.is(await sentOf(), 13)
  t.deepEqual([target, next], [{}, {}])
})

test('what is no meter is refused by name', t => {
  t.throws(() => instrument({} as never), { code: 'ERR_INVALID_OPTION', message: /`meter`/u })
})
