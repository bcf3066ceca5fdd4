// Random interleavings of everything a semaphore can do, against a list and two numbers.
import fc from 'fast-check'
import test from 'ava'
import { Semaphore, type Permit } from '../../index.ts'
import { turns } from '../helpers/wait-for.ts'

const RUNS = Number(process.env['SLUICEGATE_MODEL_RUNS'] ?? 2000)

interface Wait {
  readonly permits: number
  readonly controller: AbortController
  outcome: 'waiting' | 'granted' | 'rejected'
  permit?: Permit
  seen?: 'granted' | 'rejected'
  settled: number
}

type Action =
  | { readonly type: 'acquire'; readonly permits: number }
  | { readonly type: 'try'; readonly permits: number }
  | { readonly type: 'abort' | 'release'; readonly which: number }
  | { readonly type: 'resize'; readonly total: number }
  | { readonly type: 'close' | 'turn' }

const permits = fc.integer({ min: 0, max: 6 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('acquire' as const), permits }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('try' as const), permits }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('release' as const), which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('abort' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('resize' as const), total: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'close' as const }) },
)

/** The obvious semaphore: a list that is looked through from its front. */
class Model {
  readonly waits: Wait[] = []
  held = 0
  isClosed = false
  total: number

  constructor(total: number) {
    this.total = total
  }

  get line(): Wait[] {
    return this.waits.filter(({ outcome }) => outcome === 'waiting')
  }

  hasRoom(permits: number): boolean {
    return permits === 0 || (this.line.length === 0 && permits <= this.total - this.held)
  }

  serve(): void {
    for (const wait of this.line) {
      if (wait.permits > this.total - this.held) return
      this.held += wait.permits
      wait.outcome = 'granted'
    }
  }
}

async function play(total: number, actions: readonly Action[]): Promise<string | undefined> {
  const semaphore = new Semaphore(total)
  const model = new Model(total)
  const held: Permit[] = []
  for (const action of actions) {
    if (action.type === 'acquire') {
      const controller = new AbortController()
      const wait: Wait = { permits: action.permits, controller, outcome: 'rejected', settled: 0 }
      const acquired = semaphore.acquire({ permits: action.permits, signal: controller.signal })
      acquired.then(
        permit => {
          wait.seen = 'granted'
          wait.permit = permit
          wait.settled += 1
          held.push(permit)
        },
        () => {
          wait.seen = 'rejected'
          wait.settled += 1
        },
      )
      if (!model.isClosed && action.permits <= model.total) {
        if (model.hasRoom(action.permits)) {
          wait.outcome = 'granted'
          model.held += action.permits
        } else wait.outcome = 'waiting'
      }
      model.waits.push(wait)
    } else if (action.type === 'try') {
      if (action.permits > model.total) continue
      const may = !model.isClosed && model.hasRoom(action.permits)
      const permit = semaphore.tryAcquire({ permits: action.permits })
      if ((permit !== undefined) !== may) return `tryAcquire(${action.permits}) gave ${String(permit)}`
      if (permit === undefined) continue
      model.held += action.permits
      held.push(permit)
    } else if (action.type === 'release') {
      const permit = held.splice(action.which % Math.max(1, held.length), 1)[0]
      if (permit === undefined) continue
      model.held -= permit.permits
      model.serve()
      permit.release()
      permit.release()
    } else if (action.type === 'abort') {
      const wait = model.waits[action.which % Math.max(1, model.waits.length)]
      if (wait === undefined) continue
      if (wait.outcome === 'waiting') {
        wait.outcome = 'rejected'
        model.serve()
      }
      wait.controller.abort()
    } else if (action.type === 'resize') {
      model.total = action.total
      for (const wait of model.line) if (wait.permits > action.total) wait.outcome = 'rejected'
      model.serve()
      semaphore.resize(action.total)
    } else if (action.type === 'close') {
      model.isClosed = true
      for (const wait of model.line) wait.outcome = 'rejected'
      semaphore.close()
    } else await turns(1)
    if (semaphore.waiting !== model.line.length) return `${semaphore.waiting} wait, not ${model.line.length}`
    const available = Math.max(0, model.total - model.held)
    if (semaphore.available !== available) return `${semaphore.available} available, not ${available}`
  }
  await turns(2)
  for (const wait of model.waits) {
    const expected = wait.outcome === 'waiting' ? undefined : wait.outcome
    if (wait.seen !== expected) return `a wait for ${wait.permits} was ${String(wait.seen)}, not ${wait.outcome}`
    if (wait.settled !== (expected === undefined ? 0 : 1)) return 'settled twice'
  }
  return undefined
}

test('SEM-11: available, held and debt add up to the total, first in first out, whatever is done in whatever order', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(action, { maxLength: 40, size: 'max' }),
      async (total, actions) => {
        const wrong = await play(total, actions)
        if (wrong !== undefined) throw new Error(wrong)
      },
    ),
    { numRuns: RUNS },
  )
  t.pass()
})
