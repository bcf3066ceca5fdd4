// Random interleavings of everything a queue can do, against lists that are looked through from their front.
import fc from 'fast-check'
import test from 'ava'
import { WorkQueue, type DropReason, type Overflow } from '../../index.ts'
import { deferred, type Deferred } from '../helpers/deferred.ts'
import { turns } from '../helpers/wait-for.ts'

const RUNS = Number(process.env['SLUICEGATE_MODEL_RUNS'] ?? 1500)

interface Expected {
  readonly job: number
  readonly key: string | undefined
  readonly priority: number
  readonly isOffer: boolean
  /** Submitted without options: nobody can give it up. */
  readonly isPlain: boolean
  readonly controller: AbortController
  state: 'parked' | 'waiting' | 'running' | 'ended'
  outcome: 'fulfilled' | 'rejected' | undefined
  dropped: DropReason | undefined
  gate?: Deferred<number>
  // What was seen.
  seen?: 'fulfilled' | 'rejected'
  settled: number
}

interface Coming {
  readonly isPlain: boolean
  readonly type: 'offer' | 'submit' | 'try'
  readonly priority: number
  readonly key: string | undefined
}

type Action =
  | Coming
  | { readonly type: 'end' | 'abort'; readonly which: number; readonly fails: boolean }
  | { readonly type: 'concurrency'; readonly to: number }
  | { readonly type: 'pause' | 'resume' | 'clear' | 'turn' | 'close' | 'cancel' }

const coming = fc.record({
  isPlain: fc.boolean(),
  type: fc.constantFrom('offer' as const, 'submit' as const, 'try' as const),
  priority: fc.constantFrom(0, 0, 0, 1, 2),
  key: fc.constantFrom(undefined, undefined, undefined, 'a', 'b'),
})
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 9, arbitrary: coming },
  { weight: 7, arbitrary: fc.record({ type: fc.constant('end' as const), which: fc.nat(9), fails: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('abort' as const), which: fc.nat(40), fails: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('concurrency' as const), to: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('clear' as const, 'close' as const, 'cancel' as const) }) },
)

/** The obvious queue: everything in one list, in the order it came. */
class Model {
  readonly all: Expected[] = []
  isPaused = false
  isClosed = false
  concurrency: number
  readonly capacity: number
  readonly overflow: Overflow
  constructor(concurrency: number, capacity: number, overflow: Overflow) {
    this.concurrency = concurrency
    this.capacity = capacity
    this.overflow = overflow
  }

  in(state: Expected['state']): Expected[] {
    return this.all.filter(job => job.state === state)
  }

  /** Waiting jobs whose key is held by nobody before them. */
  startable(): Expected[] {
    const held = new Set(this.in('running').map(({ key }) => key))
    return this.in('waiting').filter(({ key }) => {
      if (key === undefined) return true
      const isFree = !held.has(key)
      held.add(key)
      return isFree
    })
  }

  /** Whether the job could be started at once. */
  starts(job: Expected): boolean {
    if (this.isPaused || this.in('running').length >= this.concurrency || this.startable().length > 0) return false
    return job.key === undefined || ![...this.in('running'), ...this.in('waiting')].some(({ key }) => key === job.key)
  }

  hasRoom(job: Expected): boolean {
    const waiting = this.in('waiting').length
    if (waiting < this.capacity) return true
    return this.in('running').length + waiting < this.concurrency + this.capacity && this.starts(job)
  }

  enter(job: Expected): void {
    job.state = this.starts(job) ? 'running' : 'waiting'
    this.fill()
  }

  fill(): void {
    while (!this.isPaused && this.in('running').length < this.concurrency) {
      const [next] = this.startable().sort((one, other) => other.priority - one.priority || one.job - other.job)
      if (next === undefined) return
      next.state = 'running'
    }
  }

  settle(): void {
    this.fill()
    for (const job of this.in('parked')) {
      if (!this.hasRoom(job)) return
      this.enter(job)
    }
  }

  drop(job: Expected, reason: DropReason): void {
    job.state = 'ended'
    job.outcome = 'rejected'
    job.dropped = reason
  }
}

class Play {
  readonly model: Model
  readonly queue: WorkQueue<number, number>
  readonly drops = new Map<number, DropReason>()
  readonly running = new Set<number>()
  constructor(concurrency: number, capacity: number, overflow: Overflow) {
    this.model = new Model(concurrency, capacity, overflow)
    this.queue = new WorkQueue(
      async (job: number) => {
        const expected = this.model.all[job]!
        if (expected.gate !== undefined) throw new Error(`job ${job} ran twice`)
        expected.gate = deferred<number>()
        this.running.add(job)
        try {
          return await expected.gate.promise
        } finally {
          this.running.delete(job)
        }
      },
      { concurrency, capacity, overflow, onDrop: (job, reason) => void this.drops.set(job, reason) },
    )
  }

  async do(action: Action): Promise<void> {
    const { model, queue } = this
    switch (action.type) {
      case 'offer':
      case 'submit':
      case 'try':
        return this.#come(action)
      case 'end': {
        const job = model.in('running')[action.which % Math.max(1, model.in('running').length)]
        if (job === undefined) return
        if (job.gate === undefined) throw new Error(`job ${job.job} should run`)
        job.outcome ??= action.fails ? 'rejected' : 'fulfilled'
        job.state = 'ended'
        model.settle()
        if (action.fails) job.gate.reject(new Error('failed'))
        else job.gate.resolve(job.job)
        await turns(1)
        return
      }
      case 'abort': {
        const job = model.all[action.which % Math.max(1, model.all.length)]
        if (job === undefined || job.isPlain || (job.isOffer && job.state !== 'parked')) return
        if (job.state === 'waiting') model.drop(job, 'aborted')
        else if (job.state === 'parked') {
          job.state = 'ended'
          job.outcome = 'rejected'
        } else job.outcome ??= 'rejected'
        model.settle()
        job.controller.abort()
        return
      }
      case 'concurrency':
        model.concurrency = action.to
        model.settle()
        queue.concurrency = action.to
        return
      case 'pause':
        model.isPaused = true
        queue.pause()
        return
      case 'resume':
        model.isPaused = false
        model.settle()
        queue.resume()
        return
      case 'clear':
        for (const job of model.in('waiting')) model.drop(job, 'cleared')
        model.settle()
        queue.clear()
        return
      case 'close':
        model.isClosed = true
        model.isPaused = false
        model.settle()
        void queue.close()
        return
      case 'cancel':
        model.isClosed = true
        for (const job of model.in('waiting')) model.drop(job, 'canceled')
        for (const job of model.in('parked')) {
          job.state = 'ended'
          job.outcome = 'rejected'
        }
        void queue.cancel()
        return
      case 'turn':
        await turns(1)
    }
  }

  #come(coming: Coming): void {
    const { model, queue } = this
    const { type } = coming
    const isPlain = type === 'submit' && coming.isPlain
    const { priority, key } = isPlain ? { priority: 0, key: undefined } : coming
    const controller = new AbortController()
    const job: Expected = {
      job: model.all.length,
      key,
      priority,
      isOffer: type !== 'submit',
      isPlain,
      controller,
      state: 'parked',
      outcome: undefined,
      dropped: undefined,
      settled: 0,
    }
    const isRefused =
      type === 'try' ? model.overflow === 'block' || model.overflow === 'error' : model.overflow === 'error'
    model.all.push(job)
    let admitted = true
    if (model.isClosed) {
      job.state = 'ended'
      job.outcome = 'rejected'
      admitted = false
    } else if (model.in('parked').length === 1 && model.hasRoom(job)) model.enter(job)
    else if (isRefused) {
      job.state = 'ended'
      job.outcome = 'rejected'
      admitted = false
    } else if (model.overflow === 'drop-newest') model.drop(job, 'newest')
    else if (model.overflow === 'drop-oldest') {
      const [oldest] = [...model.startable(), ...model.in('waiting')]
      if (oldest !== undefined) model.drop(oldest, 'oldest')
      model.enter(job)
    }
    const options = { priority, signal: controller.signal, ...(key === undefined ? {} : { key }) }
    const see = (seen: 'fulfilled' | 'rejected') => (): void => {
      job.seen = seen
      job.settled += 1
    }
    const watch = (result: Promise<unknown>): unknown => result.then(see('fulfilled'), see('rejected'))
    if (type === 'submit') watch(isPlain ? queue.submit(job.job) : queue.submit(job.job, options))
    else if (type === 'offer') queue.offer(job.job, options).then(handle => watch(handle.result), see('rejected'))
    else {
      const handle = queue.tryOffer(job.job, options)
      if ((handle !== undefined) !== admitted) throw new Error(`tryOffer of ${job.job} gave ${String(handle)}`)
      if (handle === undefined) see('rejected')()
      else watch(handle.result)
    }
  }

  check(): void {
    const { model, queue } = this
    const running = model.in('running').map(({ job }) => job)
    const seen = [...this.running].sort((one, other) => one - other)
    if (String(running) !== String(seen)) throw new Error(`run: ${seen.join()}, expected: ${running.join()}`)
    if (queue.running !== running.length) throw new Error(`running ${queue.running}, expected ${running.length}`)
    const waiting = model.in('waiting').length
    if (queue.waiting !== waiting) throw new Error(`waiting ${queue.waiting}, expected ${waiting}`)
    if (queue.waiting > model.capacity) throw new Error('over capacity')
  }

  async finish(): Promise<void> {
    const { model, queue, drops } = this
    await turns(2)
    for (const { job, outcome, seen, settled, dropped } of model.all) {
      if (seen !== outcome) throw new Error(`job ${job} was ${String(seen)}, expected ${String(outcome)}`)
      if (settled !== (outcome === undefined ? 0 : 1)) throw new Error(`job ${job} settled ${settled} times`)
      if (drops.get(job) !== dropped)
        throw new Error(`job ${job}: ${String(drops.get(job))}, expected ${String(dropped)}`)
    }
    const { dropped } = queue.metrics()
    if (dropped !== drops.size) throw new Error(`counted ${dropped} drops of ${drops.size}`)
    // All that is left can be ended: nobody hangs.
    const closed = queue.close()
    for (let rounds = 0; queue.running > 0 && rounds < 200; rounds++) {
      for (const job of this.running) model.all[job]!.gate!.resolve(job)
      await turns(1)
    }
    await closed
    await turns(2)
    for (const { job, settled } of model.all) if (settled !== 1) throw new Error(`job ${job} settled ${settled} times`)
  }
}

test('WQ-2, WQ-6: nothing lost, nothing twice, in order, within the bound, every promise settled once, whatever is done in whatever order', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom<Overflow>('block', 'block', 'drop-newest', 'drop-oldest', 'error'),
      fc.array(action, { maxLength: 40, size: 'max' }),
      async (concurrency, capacity, overflow, actions) => {
        const play = new Play(concurrency, overflow === 'drop-oldest' ? capacity + 1 : capacity, overflow)
        for (const action of actions) {
          await play.do(action)
          play.check()
        }
        await play.finish()
      },
    ),
    { numRuns: RUNS },
  )
  t.pass()
})
