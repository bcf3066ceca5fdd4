// One flow into several, and several into one.
import test from 'ava'
import { Channel, flow, merge } from '../../index.ts'
import { deferred, standing } from '../helpers/deferred.ts'
import { HandSource } from '../helpers/hand-source.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('broadcast gives every value to every branch', async t => {
  for (const source of [range(100), flow(range(100)).map(async x => x)]) {
    const branches = flow(source).broadcast(3)
    const [all, doubled, some] = await Promise.all([
      branches[0]?.toArray(),
      branches[1]?.map(async x => x * 2, { concurrency: 4 }).toArray(),
      branches[2]?.filter(x => x < 3).toArray(),
    ])
    t.deepEqual(all, range(100))
    t.deepEqual(
      doubled,
      range(100).map(x => x * 2),
    )
    t.deepEqual(some, [0, 1, 2])
  }
})

test('the slowest branch sets the pace', async t => {
  let taken = 0
  const source = (function* (): Generator<number> {
    for (;;) yield taken++
  })()
  const [fast, slow] = flow(source).broadcast(2)
  const gates = range(10).map(() => deferred())
  const came: number[] = []
  const controller = new AbortController()
  const { signal } = controller
  const loops = [
    fast?.forEach(value => void came.push(value), { signal }),
    slow?.forEach(value => gates[value]?.promise, { signal }),
  ]
  for (const gate of gates.slice(0, 5)) {
    await turns(5)
    gate.resolve()
  }
  await turns(5)
  // The slow one has the sixth, the seventh is ready for it and gone with the fast one, the eighth is held.
  t.deepEqual(came, range(7))
  t.is(taken, 8)
  controller.abort()
  for (const gate of gates) gate.resolve()
  for (const loop of loops) await t.throwsAsync(loop ?? Promise.resolve(), { code: 'ABORT_ERR' })
})

test('all branches have to be consumed: one that is not holds up the others', async t => {
  const [one, other] = flow(range(5)).broadcast(2)
  const done = one?.toArray() ?? Promise.reject(new Error('no branch'))
  t.is(await standing(done), 'pending')
  t.deepEqual(await other?.toArray(), range(5))
  t.deepEqual(await done, range(5))
})

test('a branch that is left early is counted out, and its values are discarded', async t => {
  for (const way of ['broadcast', 'partition'] as const) {
    const steps = flow(range(20))
    const [one, other] = way === 'broadcast' ? steps.broadcast(2) : steps.partition(2, x => x)
    const [few, all] = await Promise.all([one?.take(2).toArray(), other?.toArray()])
    t.deepEqual(few, way === 'broadcast' ? [0, 1] : [0, 2])
    t.deepEqual(all, way === 'broadcast' ? range(20) : range(20).filter(x => x % 2 === 1))
  }
})

test('a branch that is left before it began is counted out too', async t => {
  for (const way of ['broadcast', 'partition'] as const) {
    const steps = flow(range(20))
    const [one, other] = way === 'broadcast' ? steps.broadcast(2) : steps.partition(2, x => x)
    const all = other?.toArray()
    await turns()
    t.deepEqual(await one?.[Symbol.asyncIterator]().return?.(), { done: true, value: undefined })
    t.deepEqual(await all, way === 'broadcast' ? range(20) : range(20).filter(x => x % 2 === 1))
  }
  const source = new HandSource<number>()
  for (const branch of flow(source).broadcast(2)) await branch[Symbol.asyncIterator]().return?.()
  t.is(source.returned, 1)
})

test('a branch that fails does not disturb the others', async t => {
  const [one, other] = flow(range(20)).broadcast(2)
  const failing = one?.forEach(value => {
    if (value === 3) throw new Error('three')
  })
  const [failed, all] = await Promise.allSettled([failing, other?.toArray()])
  t.is(failed.status, 'rejected')
  t.deepEqual(all, { status: 'fulfilled', value: range(20) })
})

test('when all branches were left the source is ended, and the last one waits for that', async t => {
  const log: string[] = []
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      await turns(2)
      log.push('source ended')
    }
  }
  const [one, other] = flow(numbers()).broadcast(2)
  await Promise.all([one?.take(1).toArray(), other?.take(5).toArray()])
  t.deepEqual(log, ['source ended'])
})

test('an error before the branches, and an abort, reach all of them once everything before has ended', async t => {
  const log: string[] = []
  function* numbers(): Generator<number> {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      log.push('source ended')
    }
  }
  const broken = flow(numbers()).map(async x => {
    if (x === 3) throw new Error('three')
    return x
  })
  for (const branch of await Promise.allSettled(broken.broadcast(2).map(one => one.toArray()))) {
    t.is(branch.status === 'rejected' && (branch.reason as Error).message, 'three')
  }
  t.deepEqual(log, ['source ended'])
  const controller = new AbortController()
  const branches = flow(new HandSource<number>(), { signal: controller.signal }).partition(3, x => x)
  const done = branches.map(branch => branch.toArray())
  await turns()
  controller.abort()
  for (const branch of done) await t.throwsAsync(branch, { code: 'ABORT_ERR' })
})

test('partition keeps the values of one key together and in order', async t => {
  const words = range(1000).map(i => ({ key: `key ${i % 37}`, i }))
  const branches = await Promise.all(
    flow(words)
      .partition(4, word => word.key)
      .map(branch => branch.toArray()),
  )
  t.is(branches.flat().length, 1000)
  for (let key = 0; key < 37; key++) {
    const holders = branches.filter(branch => branch.some(word => word.key === `key ${key}`))
    t.is(holders.length, 1)
    const numbers = holders[0]?.filter(word => word.key === `key ${key}`).map(word => word.i) ?? []
    t.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    )
  }
  for (const branch of branches) t.true(branch.length > 0)
})

test('partition takes whole numbers modulo, symbols and anything that is a key', async t => {
  const parts = async (keys: PropertyKey[]): Promise<PropertyKey[][]> =>
    await Promise.all(
      flow(keys)
        .partition(3, key => key)
        .map(branch => branch.toArray()),
    )
  t.deepEqual(await parts([0, 1, 2, 3, -1, 7]), [
    [0, 3],
    [1, 7],
    [2, -1],
  ])
  const symbols = [Symbol('a'), Symbol.for('b'), 1.5, Number.NaN, 'text']
  const twice = await parts([...symbols, ...symbols])
  for (const key of symbols) t.is(twice.filter(branch => branch.includes(key)).length, 1)
})

test('one partition that does not take its values holds up the others, to the bound', async t => {
  let taken = 0
  const source = (function* (): Generator<number> {
    for (;;) yield taken++
  })()
  const [even, odd] = flow(source).partition(2, x => x)
  const gate = deferred()
  const came: number[] = []
  const controller = new AbortController()
  const { signal } = controller
  const loops = [
    even?.forEach(value => void came.push(value), { signal }),
    odd?.forEach(() => gate.promise, { signal }),
  ]
  await waitFor(() => taken >= 6)
  await turns(5)
  // 1 is with its consumer, 3 is ready for it, 5 is held.
  t.deepEqual(came, [0, 2, 4])
  t.is(taken, 6)
  controller.abort()
  gate.resolve()
  for (const loop of loops) await t.throwsAsync(loop ?? Promise.resolve(), { code: 'ABORT_ERR' })
})

test('merge gives values as they come, each source in its order', async t => {
  const one = new HandSource<number>()
  const other = new HandSource<string>()
  const came: unknown[] = []
  const done = merge(one, other).forEach(value => void came.push(value))
  other.put('a')
  await waitFor(() => came.length === 1)
  one.put(1, 2)
  await waitFor(() => came.length === 3)
  other.put('b')
  await waitFor(() => came.length === 4)
  one.end()
  other.put('c')
  other.end()
  await done
  t.deepEqual(came, ['a', 1, 2, 'b', 'c'])
  t.deepEqual(await merge().toArray(), [])
})

test('merge serves no source before all others, however many values it has', async t => {
  const channels = range(3).map(() => new Channel<number>(100))
  for (const [index, channel] of channels.entries()) {
    for (let i = 0; i < 30; i++) channel.trySend(index)
  }
  const some = await merge(...channels)
    .take(30)
    .toArray()
  for (const index of range(3)) t.is(some.filter(value => value === index).length, 10)
  for (const channel of channels) {
    t.is(channel.length, 20)
    t.false(channel.isClosed)
  }
})

test('merge asks each source for one value, and only when one is wanted', async t => {
  const sources = [new HandSource<number>(), new HandSource<number>()]
  const iterator = merge(...sources)[Symbol.asyncIterator]()
  await turns()
  t.deepEqual(
    sources.map(source => source.asked),
    [0, 0],
  )
  const first = iterator.next()
  await turns()
  for (const source of sources) source.put(1, 2, 3)
  t.is((await first).value, 1)
  await turns()
  t.deepEqual(
    sources.map(source => source.asked),
    [1, 1],
  )
  await iterator.return?.()
  t.deepEqual(
    sources.map(source => source.returned),
    [1, 1],
  )
})

test('the failure of one source ends all of them', async t => {
  const [broken, other] = [new HandSource<number>(), new HandSource<number>()]
  const steps = merge(broken, other)
  const done = steps.toArray()
  await turns()
  broken.fail(new Error('broken'))
  await t.throwsAsync(done, { message: 'broken' })
  t.is(other.returned, 1)
  await t.throwsAsync(steps.toArray(), { code: 'ERR_STREAM_CONSUMED' })
})

test('branches may be merged again', async t => {
  const branches = flow(range(100)).partition(4, x => x)
  const squares = await merge(...branches.map(branch => branch.map(async x => x * x))).toArray()
  t.deepEqual(
    squares.sort((a, b) => a - b),
    range(100).map(x => x * x),
  )
})
