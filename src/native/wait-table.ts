// Who of this thread waits under which number in what threads share. Numbers go up and a long way round, so that what comes late for one wait
// does not meet another. Waits that come and go take places of a ring in turn: nothing is made for them.
import type { Handler } from './environment.ts'

/** A power of two, so that a mask makes a place of a number. */
const SMALLEST = 64
/** A longer ring is given back when nobody waits. */
const LONGEST_KEPT = 4096

export class WaitTable {
  #handlers: (Handler | undefined)[] = places(SMALLEST)
  #numbers = new Uint32Array(SMALLEST)
  #length = 0
  /** What nobody waits under, and never 0; its place is free. */
  free = 1

  get(number: number): Handler | undefined {
    const place = number & (this.#numbers.length - 1)
    return this.#numbers[place] === number ? this.#handlers[place] : undefined
  }

  /** Under the number that is free. */
  add(handler: Handler): void {
    this.#put(this.free, handler)
    this.#length += 1
    // Half of it stays free, so that the next free place is near.
    if (this.#length * 2 > this.#numbers.length) this.#renew(this.#numbers.length * 2)
    do this.free = (this.free + 1) >>> 0
    while (this.free === 0 || this.#handlers[this.free & (this.#numbers.length - 1)] !== undefined)
  }

  /** Does nothing for a number that nobody waits under. */
  remove(number: number): void {
    if (this.get(number) === undefined) return
    this.#handlers[number & (this.#numbers.length - 1)] = undefined
    this.#length -= 1
    if (this.#length === 0 && this.#numbers.length > LONGEST_KEPT) this.#renew(SMALLEST)
  }

  /** Takes all out, the one that came first at the front. */
  drain(): Handler[] {
    const taken = this.#all().sort(([one], [other]) => age(this.free, other) - age(this.free, one))
    this.#length = 0
    this.#renew(SMALLEST, [])
    return taken.map(([, handler]) => handler)
  }

  #all(): [number, Handler][] {
    const all: [number, Handler][] = []
    for (const [place, handler] of this.#handlers.entries()) {
      if (handler !== undefined) all.push([this.#numbers[place] as number, handler])
    }
    return all
  }

  #renew(length: number, kept: readonly (readonly [number, Handler])[] = this.#all()): void {
    this.#handlers = places(length)
    this.#numbers = new Uint32Array(length)
    for (const [number, handler] of kept) this.#put(number, handler)
  }

  #put(number: number, handler: Handler): void {
    const place = number & (this.#numbers.length - 1)
    this.#numbers[place] = number
    this.#handlers[place] = handler
  }
}

/** How many numbers ago it was given. */
function age(free: number, number: number): number {
  return (free - number) >>> 0
}

/** Pushed, for an array that was made at its length counts as one with holes. */
function places(length: number): (Handler | undefined)[] {
  const made: (Handler | undefined)[] = []
  while (made.length < length) made.push(undefined)
  return made
}
