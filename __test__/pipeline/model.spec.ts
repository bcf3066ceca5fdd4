// Whatever a writer answers, in whatever order and however late: every output arrives, in order, and nothing is held over its bounds.
import test from 'ava'
import fc from 'fast-check'
import {
  EventPipeline,
  type DeadLetter,
  type Nack,
  type ProcessorOptions,
  type WriteBatch,
  type WriteItem,
  type WriterLink,
} from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'
import { Recorder } from './recorder.ts'

interface Plan {
  readonly sizes: readonly number[]
  readonly kinds: readonly ('array' | 'generator' | 'async' | 'promise')[]
  readonly capacity: number
  readonly maxBatch: number
  readonly items: number
  readonly concurrency: number
  readonly ack: 'batch' | 'manual'
  readonly isUnordered: boolean
  /** What becomes of each call, in turn. */
  readonly fates: readonly Fate[]
  readonly ring: number
  readonly grants: boolean
}

interface Fate {
  readonly kind: 'ok' | 'throw' | 'nack' | 'late' | 'link nack' | 'two nacks'
  readonly at: number
  readonly wait: number
}

const plans = fc.record<Plan>({
  sizes: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 25 }),
  kinds: fc.array(fc.constantFrom('array', 'generator', 'async', 'promise'), { minLength: 1, maxLength: 4 }),
  capacity: fc.integer({ min: 1, max: 8 }),
  maxBatch: fc.integer({ min: 1, max: 8 }),
  items: fc.integer({ min: 1, max: 12 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  ack: fc.constantFrom('batch', 'manual'),
  isUnordered: fc.boolean(),
  fates: fc.array(
    fc.record<Fate>({
      kind: fc.constantFrom('ok', 'ok', 'ok', 'throw', 'nack', 'late', 'link nack', 'two nacks'),
      at: fc.nat(7),
      wait: fc.nat(3),
    }),
    { maxLength: 30 },
  ),
  ring: fc.integer({ min: 1, max: 16 }),
  grants: fc.boolean(),
})

function outputs(plan: Plan, sequence: number): string[] {
  return Array.from({ length: plan.sizes[sequence - 1] ?? 0 }, (_, i) => `${sequence}.${i}`)
}

function processOf(plan: Plan): ProcessorOptions<number, string>['process'] {
  return ({ sequence }) => {
    const values = outputs(plan, sequence)
    const kind = plan.kinds[sequence % plan.kinds.length]
    if (kind === 'array') return values
    if (kind === 'promise') return turns(sequence % 3).then(() => values)
    if (kind === 'generator')
      return (function* () {
        yield* values
      })()
    return (async function* () {
      for (const value of values) {
        await turns(sequence % 2)
        yield value
      }
    })()
  }
}

const nackAt = (items: readonly { sequence: number; index: number }[], at: number): Nack => {
  const { sequence, index } = items[at % items.length] ?? { sequence: 0, index: 0 }
  return { sequence, index, retryAfter: 0 }
}

for (const deadLetters of [false, true]) {
  test(`${deadLetters ? 'with dead letters' : 'with endless tries'} every output arrives, in order, within its bounds`, async t => {
    await fc.assert(
      fc.asyncProperty(plans, async plan => {
        const pipeline = await EventPipeline.open<number>({ ring: plan.ring })
        const letters: DeadLetter<string>[] = []
        // Who acknowledges in order can't go on behind an output that never comes.
        const ack = deadLetters ? 'batch' : plan.ack
        let calls = 0
        let held = 0
        let most = 0
        let accepted = 0
        const expected = plan.sizes.flatMap((_, i) => outputs(plan, i + 1))
        const taken = new Set<string>()
        let tail = Promise.resolve()
        const keep = (items: readonly WriteItem<string>[]): void => {
          accepted += items.length
          for (const { value } of items) taken.add(value)
        }
        // Acknowledges by itself: one call after the other, and only what comes next; what is behind a refused output will come again.
        const inTurn = async ({ items }: WriteBatch<string>, link: WriterLink, fate: Fate): Promise<void> => {
          await turns(fate.wait)
          const refused = fate.kind === 'ok' || fate.kind === 'late' ? items.length : fate.at % items.length
          for (const item of items.slice(0, refused)) {
            if (item.value === expected[taken.size]) keep([item])
            if (taken.has(item.value)) link.ack(item.sequence, item.index)
          }
          if (refused < items.length) link.nack(nackAt(items, refused))
        }
        const atOnce = async ({ items }: WriteBatch<string>, link: WriterLink, fate: Fate): Promise<void | Nack> => {
          held += items.length
          most = Math.max(most, held)
          const front = fate.at % items.length
          const isLinked = fate.kind === 'link nack' || fate.kind === 'two nacks'
          if (isLinked) link.nack(nackAt(items, front))
          await turns(fate.kind === 'late' ? 4 : fate.wait)
          held -= items.length
          if (fate.kind === 'throw') throw new Error('fate')
          keep(fate.kind === 'nack' || isLinked ? items.slice(0, front) : items)
          if (fate.kind === 'two nacks') return nackAt(items, items.length - 1)
          return fate.kind === 'nack' ? nackAt(items, front) : undefined
        }
        const writer = new Recorder<string>({
          capacity: plan.capacity,
          maxBatch: plan.maxBatch,
          onWrite: async (batch, link) => {
            const fate = plan.fates[calls++] ?? { kind: 'ok', at: 0, wait: 0 }
            if (ack === 'manual') await (tail = tail.then(() => inTurn(batch, link, fate)))
            const nack = ack === 'batch' ? await atOnce(batch, link, fate) : undefined
            if (plan.grants) link.grant(accepted + plan.capacity)
            return nack
          },
        })
        const processor = await pipeline.addProcessor<string>({
          name: 'p',
          process: processOf(plan),
          writer,
          ack,
          unorderedWithin: plan.isUnordered,
          lookahead: { items: plan.items },
          computeConcurrency: plan.concurrency,
          retry: { attempts: deadLetters ? 2 : 1000, initial: 0, max: 0, jitter: false },
          ...(deadLetters && { onExhausted: 'dead-letter', deadLetter: letter => void letters.push(letter) }),
        })
        for (const size of plan.sizes) await pipeline.publish(size, { timeout: 5000 })
        await processor.caughtUp({ timeout: 5000 })
        const buried = letters.flatMap(({ items }) => items)
        const metrics = pipeline.metrics().processors['p']
        t.is(metrics?.published, plan.sizes.length)
        t.is(metrics?.headOfLineMs, 0)
        t.deepEqual(
          [...new Set(writer.values)].filter(value => !expected.includes(value)),
          [],
        )
        t.deepEqual(
          expected.filter(value => !writer.values.includes(value)),
          [],
          'nothing is lost',
        )
        const missing = expected.filter(value => !taken.has(value))
        t.true(
          missing.every(value => buried.includes(value)),
          `${missing.join()} are missing`,
        )
        // First appearances are in order.
        t.deepEqual([...new Set(writer.values)], expected)
        // Where there are no nacks of its own link, places bound what is under way.
        const isPlain =
          plan.fates.every(({ kind }) => kind === 'ok' || kind === 'late') && !plan.grants && ack === 'batch'
        if (isPlain) {
          t.true(most <= plan.capacity, `${most} of ${plan.capacity}`)
          t.deepEqual(writer.values, expected)
        }
        for (const { items } of writer.calls.map(({ batch }) => batch)) {
          t.true(items.length <= Math.min(plan.maxBatch, plan.capacity))
          for (const { value, last } of items) {
            const [sequence = 0, index = 0] = value.split('.').map(Number)
            t.is(last, index === (plan.sizes[sequence - 1] ?? 0) - 1)
          }
        }
        await pipeline.close()
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })
}
