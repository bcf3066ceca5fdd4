import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { Environment } from '../../src/native/environment.ts'
import { loadNative } from '../../src/native/loader.ts'
import { Endpoint } from '../../src/process/endpoint.ts'
import { PipeReader } from '../../src/process/reader.ts'
import { withCensus } from '../helpers/census.ts'
import { Counter, trickle } from '../helpers/programs.ts'
import { sleepsOfThread } from '../helpers/usage.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

let wakeUps = 0
const { addon, shepherdPath } = loadNative()
const environment = new Environment(
  wake =>
    new addon.Environment(() => {
      wakeUps++
      wake()
    }, shepherdPath),
  addon.EAGAIN,
)

for (const isAsked of [false, true]) {
  test(`a thousand writes into a pipe wake us ${isAsked ? 'once for one read' : 'never when nobody reads'}`, async t => {
    const pipe = environment.native.makePipe()
    if (typeof pipe === 'number') throw new Error(`makePipe: ${pipe}`)
    const reader = new PipeReader(Endpoint.of(pipe.reader, environment, 'read'))
    t.is(await reader.read({ timeout: 0 }).catch(() => 'nothing'), 'nothing')
    await turns(20)
    wakeUps = 0
    const read = isAsked ? reader.read() : undefined
    for (let count = 0; count < 1000; count++) {
      t.is(pipe.writer.write(Uint8Array.of(count), 0, 1), 1)
      if (count % 50 === 0) await turns()
    }
    await read
    await turns(20)
    t.is(wakeUps, isAsked ? 1 : 0)
    pipe.writer.close()
    const rest = await reader.bytes()
    t.is(rest.length + ((await read)?.length ?? 0), 1000)
  })
}

test('a child that writes a thousand times into an unread pipe lets the I/O thread sleep', async t => {
  const counter = new Counter()
  await using child = await spawn(trickle, ['--every', '1', '--counter', counter.file])
  await waitFor(() => counter.value > 0)
  const before = { sleeps: sleepsOfThread('sluicegate-io'), count: counter.value }
  await waitFor(() => counter.value >= before.count + 1000, { deadline: 20_000 })
  t.true(sleepsOfThread('sluicegate-io') - before.sleeps <= 1)
  await child.stdout.cancel()
  counter[Symbol.dispose]()
})
