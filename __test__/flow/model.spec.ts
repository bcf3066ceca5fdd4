// Any steps over any values, against the same done with arrays; and the same with a callback that fails.
import fc from 'fast-check'
import test from 'ava'
import { Channel, flow, type Flow } from '../../index.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

const runs = Number(process.env['SLUICEGATE_MODEL_RUNS'] ?? 150)

type Wait = 'now' | 'soon' | 'later' | 'mixed'

/** A step, and what it does to an array. */
interface Op {
  readonly text: string
  readonly isOrdered: boolean
  readonly build: (steps: Flow<number>, guard: (value: number) => void) => Flow<number>
  readonly plain: (values: number[]) => number[]
}

function given<T>(wait: Wait, value: number, result: T): T | Promise<T> {
  if (wait === 'now' || (wait === 'mixed' && value % 2 === 0)) return result
  if (wait === 'soon') return Promise.resolve(result)
  return turns(1 + (Math.abs(value) % 3)).then(() => result)
}

const waits = fc.constantFrom<Wait>('now', 'soon', 'later', 'mixed')
const limits = fc.record({
  concurrency: fc.integer({ min: 1, max: 4 }),
  capacity: fc.integer({ min: 0, max: 4 }),
  ordered: fc.boolean(),
})

const ops: fc.Arbitrary<Op> = fc.oneof(
  fc.tuple(waits, limits).map(([wait, options]) => ({
    text: `map ${wait} ${JSON.stringify(options)}`,
    isOrdered: options.ordered || options.concurrency === 1,
    build: (steps: Flow<number>, guard: (value: number) => void) =>
      steps.map(x => {
        guard(x)
        return given(wait, x, x + 1)
      }, options),
    plain: (values: number[]) => values.map(x => x + 1),
  })),
  fc.tuple(waits, fc.integer({ min: 1, max: 4 })).map(([wait, divisor]) => ({
    text: `filter ${wait} ${divisor}`,
    isOrdered: true,
    build: (steps: Flow<number>) => steps.filter(x => given(wait, x, x % divisor === 0) as never),
    plain: (values: number[]) => values.filter(x => x % divisor === 0),
  })),
  fc
    .tuple(fc.constantFrom('array', 'promise', 'generator', 'async'), limits)
    .map(([form, { concurrency, ordered }]) => ({
      text: `flatMap ${form} ${concurrency} ${ordered}`,
      isOrdered: ordered || concurrency === 1,
      build: (steps: Flow<number>) => steps.flatMap<number>(x => many(form, x) as never, { concurrency, ordered }),
      plain: (values: number[]) => values.flatMap(x => copies(x)),
    })),
  fc.integer({ min: 0, max: 30 }).map(count => ({
    text: `take ${count}`,
    isOrdered: true,
    build: (steps: Flow<number>) => steps.take(count),
    plain: (values: number[]) => values.slice(0, count),
  })),
  fc.integer({ min: 0, max: 5 }).map(capacity => ({
    text: `buffer ${capacity}`,
    isOrdered: true,
    build: (steps: Flow<number>) => steps.buffer(capacity),
    plain: (values: number[]) => values,
  })),
  fc.integer({ min: 1, max: 7 }).map(maxSize => ({
    text: `batch ${maxSize}`,
    isOrdered: true,
    build: (steps: Flow<number>) => steps.batch({ maxSize }).flatMap(items => items),
    plain: (values: number[]) => values,
  })),
  waits.map(wait => ({
    text: `tap ${wait}`,
    isOrdered: true,
    build: (steps: Flow<number>) => steps.tap(x => given(wait, x, undefined)),
    plain: (values: number[]) => values,
  })),
)

function copies(x: number): number[] {
  return Array.from({ length: Math.abs(x) % 3 }, () => x)
}

function many(form: string, x: number): unknown {
  if (form === 'array') return copies(x)
  if (form === 'promise') return Promise.resolve(copies(x))
  if (form === 'generator') return copies(x).values()
  return flow(copies(x))
}

/** A source of a kind, and how often it was told to return. */
function sourceOf(
  kind: string,
  values: number[],
): { source: AsyncIterable<number> | Iterable<number>; ends: () => number } {
  let ended = 0
  if (kind === 'generator') {
    function* numbers(): Generator<number> {
      try {
        yield* values
      } finally {
        ended += 1
      }
    }
    return { source: numbers(), ends: () => ended }
  }
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (const value of values) {
        if (value % 5 === 0) await turns()
        yield value
      }
    } finally {
      ended += 1
    }
  }
  return { source: numbers(), ends: () => ended }
}

const consumers: Record<string, (steps: Flow<number>) => Promise<number[]>> = {
  toArray: steps => steps.toArray(),
  loop: async steps => {
    const values: number[] = []
    for await (const value of steps) values.push(value)
    return values
  },
  'slow loop': async steps => {
    const values: number[] = []
    for await (const value of steps) {
      values.push(value)
      if (value % 3 === 0) await turns(2)
    }
    return values
  },
  forEach: async steps => {
    const values: number[] = []
    await steps.forEach(async value => {
      await turns(value % 2)
      values.push(value)
    })
    return values
  },
  channel: async steps => {
    const channel = new Channel<number>(2)
    const values: number[] = []
    const loop = (async () => {
      for await (const value of channel) values.push(value)
    })()
    const [delivered] = await Promise.allSettled([steps.to(channel), loop])
    if (delivered.status === 'rejected') throw delivered.reason
    return values
  },
  branches: async steps => {
    const [one, other] = steps.broadcast(2)
    const [values] = await Promise.all([one?.toArray(), other?.forEach(async () => await turns())])
    return values ?? []
  },
}

const cases = fc.record({
  values: fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 30 }),
  steps: fc.array(ops, { maxLength: 5 }),
  kind: fc.constantFrom('generator', 'async generator'),
  consumer: fc.constantFrom(...Object.keys(consumers)),
})

const sorted = (values: number[]): number[] => [...values].sort((a, b) => a - b)

test('any steps give what the same gives with arrays', async t => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ values, steps, kind, consumer }) => {
      const { source, ends } = sourceOf(kind, values)
      const built = steps.reduce((all, op) => op.build(all, () => {}), flow<number>(source))
      const came = (await consumers[consumer]?.(built)) ?? []
      // What take cuts off depends on the order.
      let isOrdered = true
      let plain = values
      for (const op of steps) {
        if (!isOrdered && op.text.startsWith('take')) return true
        plain = op.plain(plain)
        isOrdered &&= op.isOrdered
      }
      t.deepEqual(isOrdered ? came : sorted(came), isOrdered ? plain : sorted(plain))
      t.true(ends() <= 1)
      for (const edge of built.metrics()) t.true(edge.received <= edge.sent && edge.length <= edge.capacity)
      return true
    }),
    { numRuns: runs },
  )
})

test('a callback that fails anywhere: its error comes once, nothing runs after it, and the source has ended', async t => {
  const failure = new Error('broken')
  const failing = cases.filter(({ steps, values }) => values.length > 0 && steps.some(op => op.text.startsWith('map')))
  await fc.assert(
    fc.asyncProperty(failing, fc.integer({ min: 0, max: 20 }), async ({ values, steps, kind, consumer }, at) => {
      const { source, ends } = sourceOf(kind, values)
      let calls = 0
      let hasFailed = false
      const guard = (): void => {
        calls += 1
        if (calls <= at) return
        hasFailed = true
        throw failure
      }
      const built = steps.reduce((all, op) => op.build(all, guard), flow<number>(source))
      const outcome = await consumers[consumer]?.(built).catch((error: unknown) => error)
      if (hasFailed) {
        // A take behind it may have had all it wanted before.
        if (Array.isArray(outcome)) t.true(steps.some(op => op.text.startsWith('take')))
        else t.is(outcome, failure)
        // One that is asked for a value just then ends when it has given that.
        await waitFor(() => ends() === 1)
      }
      const before = calls
      await turns(3)
      t.is(calls, before)
    }),
    { numRuns: runs },
  )
})
