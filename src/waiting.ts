// The first-in-first-out list of operations that wait. Leaving from the middle costs no search. Who is served when is its owner's matter.

/** One that can wait in a list, in one at a time. The fields are the list's. */
export class Waiting<W extends Waiting<W>> {
  before: W | undefined = undefined
  after: W | undefined = undefined
  isQueued = false
}

export class WaitingList<W extends Waiting<W>> {
  first: W | undefined = undefined
  last: W | undefined = undefined
  length = 0

  append(waiting: W): void {
    waiting.before = this.last
    waiting.isQueued = true
    if (this.last === undefined) this.first = waiting
    else this.last.after = waiting
    this.last = waiting
    this.length += 1
  }

  /** Lets one in before `next`, which is in the list. */
  insert(waiting: W, next: W): void {
    const { before } = next
    waiting.before = before
    waiting.after = next
    waiting.isQueued = true
    if (before === undefined) this.first = waiting
    else before.after = waiting
    next.before = waiting
    this.length += 1
  }

  /** Does nothing for one that isn't in the list. */
  remove(waiting: W): void {
    if (!waiting.isQueued) return
    waiting.isQueued = false
    this.length -= 1
    const { before, after } = waiting
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    waiting.before = undefined
    waiting.after = undefined
  }

  /** Those that are in it now, first to last. They stay, and may leave meanwhile. */
  all(): W[] {
    const all: W[] = []
    for (let waiting = this.first; waiting !== undefined; waiting = waiting.after) all.push(waiting)
    return all
  }

  /** Takes out the one that came first. */
  shift(): W | undefined {
    const { first } = this
    if (first !== undefined) this.remove(first)
    return first
  }
}
