// An idle pipeline does nothing at all. The clock and the queues of the process are watched, so this file runs alone in its process.
import test from 'ava'
import { EventPipeline, type EventPipelineOptions, type Processor } from '../../index.ts'
import { startScript } from '../helpers/children.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { staysTrue, turns } from '../helpers/wait-for.ts'
import { MemoryJournal } from './memory-journal.ts'
import { MemoryLog } from './memory-log.ts'
import { Recorder } from './recorder.ts'

const options = {
  ackTimeout: 1000,
  retry: { attempts: 3 },
  process: ({ data }: { data: number }): number[] => [data],
}

const journal = new MemoryJournal()
const log = new MemoryLog()
const places: readonly (readonly [name: string, options: EventPipelineOptions<number>, calls: () => number])[] = [
  ['in memory', {}, () => 0],
  ['over a journal', { journal }, () => journal.appends],
  ['over a log', { log }, () => log.appends + log.commits],
]

for (const [place, where, calls] of places) {
  test.serial(`S1.31, PIPE-15: an idle pipeline ${place} has no timer and causes no wake-up`, async t => {
    const pipeline = await EventPipeline.open<number>(where)
    const writer = new Recorder<number>({ onWrite: ({ items }, link) => link.ack(items.at(-1)?.sequence ?? 0) })
    pipeline.addWriter(writer)
    const processors: Processor[] = []
    for (let n = 0; n < 20; n++) {
      const add = { ...options, name: `p${n}`, ack: 'manual', writer: 'recorder' } as const
      processors.push(await pipeline.addProcessor<number>(add))
      for (let i = 0; i < 10; i++) await pipeline.publish(i)
    }
    for (const processor of processors) await processor.caughtUp({ timeout: 5000 })
    await turns(20)
    const wakeUps: string[] = []
    const names = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] as const
    const watched = Object.fromEntries(names.map(name => [name, globalThis[name]]))
    const nextTick = process.nextTick.bind(process)
    const watch =
      (name: string, original: (...args: never[]) => unknown) =>
      (...args: never[]): unknown => {
        wakeUps.push(`${name} ${new Error('from').stack ?? ''}`)
        return original(...args)
      }
    for (const [name, original] of Object.entries(watched)) {
      Object.assign(globalThis, { [name]: watch(name, original as never) })
    }
    process.nextTick = watch('nextTick', nextTick as never) as typeof nextTick
    const before = calls()
    await staysTrue(() => true, 100, 'the look')
    Object.assign(globalThis, watched)
    process.nextTick = nextTick
    t.deepEqual(
      wakeUps.filter(call => call.includes('src/pipeline')),
      [],
    )
    t.is(calls(), before)
    await pipeline.close()
  })
}

test.serial(
  'S1.17, S1.31: no timer is left when everything is acknowledged, and the next event is taken without one',
  async t => {
    const clock = ManualClock.install()
    t.teardown(() => clock.restore())
    const pipeline = await EventPipeline.open<number>()
    const writer = new Recorder<number>()
    const processor = await pipeline.addProcessor<number>({ ...options, name: 'p', writer })
    await pipeline.publish(1)
    await clock.advance(0)
    t.is(writer.calls.length, 1)
    // The one for the acknowledgement.
    t.is(clock.timers, 1)
    writer.settle(0)
    await clock.advance(0)
    t.is(processor.published, 1)
    t.is(clock.timers, 0)
    await pipeline.publish(2)
    await clock.advance(0)
    t.is(writer.calls.length, 2)
    writer.settle(1)
    await clock.advance(0)
    t.is(clock.timers, 0)
    await pipeline.close()
  },
)

test.serial('an idle pipeline keeps no process alive', async t => {
  await using child = startScript(`
    import { EventPipeline } from 'sluicegate/pipeline'
    const pipeline = await EventPipeline.open()
    const processor = await pipeline.addProcessor({
      name: 'p', ackTimeout: 60_000, process: event => [event.data],
      writer: { name: 'w', capacity: 4, async write() {} },
    })
    for (let n = 0; n < 100; n++) await pipeline.publish(n)
    await processor.caughtUp()
    console.log('idle')
  `)
  t.is(await child.line(), 'idle')
  t.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr)
})
