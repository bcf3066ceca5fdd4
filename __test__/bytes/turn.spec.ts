// The turn budget and the fairness of wake-ups: what is always ready must not starve timers, nor other endpoints.
import test from 'ava'
import { Environment } from '../../src/native/environment.ts'
import type { NativeEnvironment } from '../../src/native/addon.ts'
import { Turn } from '../../src/turn.ts'
import { FakeEnvironment, openReader, turns } from './fake-endpoint.ts'
import { Endpoint } from '../../src/process/endpoint.ts'
import { PipeReader } from '../../src/process/reader.ts'

/** Counts the macrotasks that get their turn until it is stopped. */
function macrotasks(): { stop(): number } {
  let count = 0
  let next = setImmediate(function other() {
    count++
    next = setImmediate(other)
  })
  return {
    stop: () => {
      clearImmediate(next)
      return count
    },
  }
}

test('a budget of bytes: then promises settle from a macrotask, in order, and the budget is new', async t => {
  const turn = new Turn()
  const order: string[] = []
  const note = (name: string) => (): void => void order.push(name)
  void turn.fulfilled(1, 1024).then(note('first'))
  void turn.fulfilled(2, 1024 * 1024).then(note('put off'))
  t.true(turn.spent)
  turn.settle(note('put off too'), undefined, 1)
  setImmediate(note('next turn'))
  await Promise.resolve()
  await Promise.resolve()
  t.deepEqual(order, ['first'])
  await turns(1)
  t.deepEqual(order.slice(1), ['put off too', 'put off', 'next turn'])
  t.false(turn.spent)
})

test('a budget of time', t => {
  const turn = new Turn()
  t.true(turn.charge(1))
  const until = performance.now() + 3
  while (performance.now() < until);
  t.false(turn.charge(1))
  turn.renew()
  t.true(turn.charge(1))
})

test('what was put off settles before the success of a later wake-up', async t => {
  const turn = new Turn()
  const order: number[] = []
  turn.charge(1 << 20)
  turn.settle(value => order.push(value), 1, 1)
  turn.renew()
  turn.settle(value => order.push(value), 2, 1)
  t.deepEqual(order, [1, 2])
  await turns(1)
  t.deepEqual(order, [1, 2])
})

for (const [name, consume] of [
  ['reads', async (reader: PipeReader) => void (await reader.read())],
  [
    'an iterator',
    async (reader: PipeReader) => {
      for await (const _ of reader) break
    },
  ],
] as const) {
  test(`a pipe that is always full lets other macrotasks run: ${name}`, async t => {
    const { pipe, reader } = openReader()
    const others = macrotasks()
    for (let i = 0; i < 200; i++) {
      pipe.feed(new Uint8Array(65_536))
      await consume(reader)
    }
    t.true(others.stop() >= 200 / 16 - 2)
  })
}

test('lines of one read let other macrotasks run', async t => {
  const { pipe, reader } = openReader()
  pipe.feed('x\n'.repeat(2000))
  pipe.writer.close()
  const others = macrotasks()
  for await (const _ of reader.lines()) {
    const until = performance.now() + 0.02
    while (performance.now() < until);
  }
  t.true(others.stop() > 5)
})

test('many that are ready at once are spread over turns, in order, and none is forgotten', async t => {
  const host = new FakeEnvironment()
  const order: number[] = []
  const pipes = Array.from({ length: 40 }, () => host.pipe())
  const reads = pipes.map((pipe, at) =>
    new PipeReader(Endpoint.of(pipe.reader, host.environment, 'read')).read().then(() => order.push(at)),
  )
  for (const pipe of pipes) pipe.feed(new Uint8Array(65_536))
  await turns(1)
  t.true(order.length > 0 && order.length < 40)
  await Promise.all(reads)
  t.deepEqual(
    order,
    pipes.map((_, at) => at),
  )
  t.is(host.refs, 0)
})

test('one endpoint with many parked reads gives way to the others', async t => {
  const host = new FakeEnvironment()
  const busy = host.pipe()
  const calm = host.pipe()
  const reader = new PipeReader(Endpoint.of(busy.reader, host.environment, 'read'))
  const order: string[] = []
  const many = Array.from({ length: 60 }, () => reader.read({ maxBytes: 1 }).then(() => order.push('busy')))
  const other = new PipeReader(Endpoint.of(calm.reader, host.environment, 'read')).read().then(() => order.push('calm'))
  busy.feed(new Uint8Array(60))
  calm.feed('x')
  await Promise.all([...many, other])
  t.true(order.indexOf('calm') <= 20)
})

test('an environment drains until its list is no longer full, and tells children too', t => {
  let wake: () => void = () => t.fail()
  let left = 300
  const native = {
    bound: () => ({}),
    drain: (into: Uint32Array) => {
      let count = 0
      while (count < into.length && left > 0) {
        into[count++] = 1
        into[count++] = left--
      }
      return count
    },
  } as unknown as NativeEnvironment
  const environment = new Environment(callback => {
    wake = callback
    return native
  }, 11)
  let told = 0
  for (let id = 1; id <= 300; id++) environment.addChild(id, { ready: () => void told++, fail: () => undefined })
  environment.removeChild(300)
  wake()
  t.is(told, 299)
})

test('what is to run when no microtask is left waits for chains of them, wherever it is asked for', async t => {
  const turn = new Turn()
  for (const fromMacrotask of [false, true]) {
    if (fromMacrotask) await turns(1)
    let links = 0
    const chain = async (): Promise<void> => {
      for (; links < 100; links++) await Promise.resolve()
    }
    const seen = new Promise<number>(resolve => turn.afterMicrotasks(() => resolve(links)))
    void chain()
    t.is(await seen, 100)
  }
})
