// One epoch of a processor: takes events, has their outputs computed, sends them in turns, and tells how far everything is done.
// Whatever answers after its end is ignored.
import { SluiceError } from '../errors.ts'
import { turn } from '../turn.ts'
import { AckTimer } from './ack-timer.ts'
import { Answers } from './answers.ts'
import { Compute, LEAST } from './compute.ts'
import { Line } from './line.ts'
import { Link } from './link.ts'
import { LookAhead } from './look-ahead.ts'
import type { ProcessorSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { gaveUp } from './pipeline-errors.ts'
import { Refusals } from './refusals.ts'
import { Sequence } from './sequence.ts'
import type { ProcessorTotals } from './totals.ts'
import type { Sender, Turns } from './turns.ts'
import type { PipelineEvent, WriteItem } from './types.ts'

/** What a processor is to its epochs. */
export interface CourseOwner<I, O> {
  readonly settings: ProcessorSettings<I, O>
  readonly turns: Turns
  readonly totals: ProcessorTotals
  /** Neither paused nor halted. */
  readonly isActive: boolean
  /** The event, or undefined: then `pump` is called when it is there. */
  next(sequence: number): PipelineEvent<I> | undefined
  /** Everything up to this event is done. */
  done(sequence: number): void
  halt(error: unknown): void
}

export class Course<I, O> implements Sender {
  readonly epoch: number
  readonly line: Line<I, O>
  held = 0
  isQueued = false
  isOver = false
  #doneThrough: number
  #granted = -1
  #isPumping = false
  #isFilling = false
  #isStale = false
  #isDeferred = false
  // The event loop has its turn first: until then nothing is sent, and so no more is made than the look-ahead allows.
  #isYielding = false
  // Outputs that were sent although the turn's budget is spent.
  #overdrawn = 0
  // Since when the writer has had nothing of ours although there is work; 0 if it has, or there is none.
  #idleSince = 0
  readonly #owner: CourseOwner<I, O>
  readonly #budget: LookAhead<O>
  readonly #compute: Compute<I, O>
  readonly #outbox: Outbox<O>
  readonly #refusals: Refusals
  readonly #answers: Answers<O>
  readonly #ackTimer: AckTimer
  readonly #link: Link

  constructor(owner: CourseOwner<I, O>, epoch: number, from: number) {
    const { settings, totals, turns } = owner
    this.#owner = owner
    this.epoch = epoch
    this.#doneThrough = from - 1
    this.#budget = new LookAhead<O>(settings)
    this.line = new Line<I, O>(from, this.#budget)
    this.#compute = new Compute(settings, this.line, this.#budget, this, totals)
    this.#outbox = new Outbox<O>(settings.isUnorderedWithin)
    this.#refusals = new Refusals(settings.retry, totals, () => this.changed())
    const gaveBack = (count: number): void => turns.gaveBack(this, count)
    this.#answers = new Answers(settings, this.line, this.#outbox, this.#refusals, gaveBack, () => this.changed())
    this.#link = new Link(epoch, this)
    this.#ackTimer = new AckTimer(
      settings.ackTimeout,
      () => this.#outbox.oldest?.at,
      () => this.#answers.overdue(),
    )
    turns.join(this)
  }

  get computedThrough(): number {
    const first = this.#compute.first
    return first === undefined ? this.line.claimed : first.number - 1
  }

  get ownCredit(): number | undefined {
    return this.#granted < 0 ? undefined : this.#granted - this.#outbox.sent + this.#outbox.dropped
  }

  get hasMore(): boolean {
    if (this.isOver || this.#isYielding || !this.#owner.isActive || this.#refusals.isHolding) return false
    // Behind what may be refused once more, everything sent would have to be sent again. Who acknowledges by itself may wait for more.
    const { isProbing } = this.#refusals
    if (isProbing && this.#owner.settings.ack === 'batch' && this.#outbox.sent > this.#outbox.acked) return false
    return this.#outbox.again > 0 || this.line.sendable > 0
  }

  /** Goes on as far as it can. Called whenever that may have changed. */
  pump(): void {
    if (this.#isPumping) {
      this.#isStale = true
      return
    }
    this.#isPumping = true
    do {
      this.#isStale = false
      if (this.isOver) break
      this.#fill()
      this.#conclude()
      if (this.hasMore) this.#owner.turns.offer(this)
      this.#tellProgress()
    } while (this.#isStale)
    this.#isPumping = false
  }

  changed(): void {
    this.pump()
  }

  changedLater(): void {
    if (this.#isDeferred) return
    this.#isDeferred = true
    turn.defer(this.#resume, undefined)
  }

  /** After a halt: what failed is tried again. */
  retry(): void {
    this.#refusals.clear()
    this.#compute.retry()
    this.pump()
  }

  /** Nothing of it counts any more. */
  end(reason: unknown): void {
    this.isOver = true
    this.#ackTimer.stop()
    this.#refusals.clear()
    this.#answers.end()
    this.#compute.cancel(reason)
    this.#owner.turns.leave(this)
  }

  /** The writer has room for so many: the turns decide that. */
  send(max: number): void {
    const items = this.#outbox.again > 0 ? this.#outbox.takeAgain(max, this.#answers.isSearching) : this.line.take(max)
    if (items.length === 0) return
    this.#dispatch(items)
    // There is room in the look-ahead now: the next batch shall be a whole one.
    if (this.#isPumping) this.#fill()
    this.pump()
  }

  granted(total: number): void {
    if (this.isOver || total <= this.#granted) return
    this.#granted = total
    // Its grants bound it from now on, not the places.
    this.#owner.turns.leave(this)
    this.pump()
  }

  acknowledged(sequence: number, index: number): void {
    if (this.isOver) return
    this.#answers.acknowledged(sequence, index)
    this.#ackTimer.check()
  }

  refused(nack: Parameters<Link['nack']>[0]): void {
    if (this.isOver) return
    this.#answers.refused(nack)
  }

  /** For how long the oldest event has been under way. */
  headAge(now: number): number {
    const { first } = this.line
    return first === undefined ? 0 : now - first.since
  }

  readonly #resume = (): void => {
    this.#isDeferred = false
    this.#isYielding = false
    this.#overdrawn = 0
    this.pump()
  }

  #fill(): void {
    // A callback of the user may lead here once more.
    if (this.#isFilling || this.isOver) return
    this.#isFilling = true
    for (let goesOn = this.#owner.isActive; goesOn;) {
      this.line.settle()
      const { claimed, head } = this.line
      this.#claim()
      const { running } = this.#compute
      this.#compute.pull()
      this.line.settle()
      // What has ended makes room for what follows, and only who has asked in vain is told of a new event.
      const isMoving = this.line.claimed !== claimed || this.line.head !== head || this.#compute.running < running
      goesOn = isMoving && !this.#isDeferred
    }
    this.line.settle()
    this.#isFilling = false
  }

  #claim(): void {
    const { settings } = this.#owner
    const { line } = this
    let now = 0
    let taken = 0
    while (this.#compute.isFree && this.#budget.mayClaim(line.unsent, line.head)) {
      const event = this.#owner.next(line.claimed + 1)
      if (event === undefined) return
      line.claimed = event.sequence
      now ||= performance.now()
      const interest = settings.interest === undefined || asked(settings.interest, event)
      if (interest !== false) {
        if (this.#idleSince === 0 && this.#isIdle) this.#idleSince = now
        const sequence = new Sequence<I, O>(event, now)
        sequence.isDoubtful = interest === undefined
        this.#compute.start(sequence)
        if (this.isOver) return
        if (!sequence.isSent) line.add(sequence)
      }
      taken += 1
      if (!turn.tick() && taken >= LEAST) return this.changedLater()
    }
  }

  /** The writer has nothing of ours. */
  get #isIdle(): boolean {
    return this.held === 0 && this.#outbox.sent === this.#outbox.acked
  }

  #dispatch(items: readonly WriteItem<O>[]): void {
    const { settings, turns, totals } = this.#owner
    const now = performance.now()
    if (this.#idleSince > 0) {
      totals.writerIdleMs += now - this.#idleSince
      this.#idleSince = 0
    }
    const flight = this.#outbox.send(items, now)
    turns.took(this, items.length)
    if (settings.ack === 'none') this.#answers.handedOver()
    // A list of its own: what the writer does to it, a sort say, changes nothing of what is to be acknowledged or sent again.
    const batch = { processor: settings.name, epoch: this.epoch, items: items.slice() }
    try {
      Promise.resolve(settings.writer.write(batch, this.#link)).then(
        outcome => this.#answers.fulfilled(flight, items, outcome),
        error => this.#answers.thrown(flight, error),
      )
    } catch (error) {
      this.#answers.thrown(flight, error)
    }
    this.#ackTimer.check()
    // A writer that fulfils at once would keep everybody else waiting for as long as there are outputs.
    if (turn.tick()) this.#overdrawn = 0
    else if ((this.#overdrawn += items.length) >= LEAST) {
      this.#isYielding = true
      this.changedLater()
    }
  }

  /** What came to its last try has its turn when everything before it is done. */
  #conclude(): void {
    const { first } = this.line
    if (first?.failure !== undefined && first.acked === first.sent) {
      this.#owner.halt(gaveUp(this.#owner.settings.name, first.number, first.failure.reason))
    }
    const { exhausted } = this.#refusals
    if (exhausted === undefined || this.#outbox.acked < exhausted.position - 1) return
    // Whoever is fenced off has no say in what becomes of an output.
    const isBuried =
      this.#owner.settings.deadLetter !== undefined && !SluiceError.is(exhausted.reason, 'ERR_SEQUENCE_FENCED')
    if (isBuried && this.#answers.mayBeAnother(exhausted)) this.#refusals.exhausted = undefined
    else if (isBuried) this.#answers.bury(exhausted, this.#owner)
    else this.#owner.halt(gaveUp(this.#owner.settings.name, first?.number ?? 0, exhausted.reason))
  }

  #tellProgress(): void {
    if (this.isOver) return
    this.#ackTimer.check()
    if (this.#idleSince === 0 && this.line.first !== undefined && this.#isIdle) this.#idleSince = performance.now()
    const { doneThrough } = this.line
    if (doneThrough <= this.#doneThrough) return
    this.#doneThrough = doneThrough
    this.#owner.done(doneThrough)
  }
}

/** Undefined when it threw. */
function asked<I>(interest: (event: PipelineEvent<I>) => boolean, event: PipelineEvent<I>): boolean | undefined {
  try {
    return interest(event)
  } catch {
    return undefined
  }
}
