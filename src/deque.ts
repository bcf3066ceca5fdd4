// A first-in-first-out list of values in a ring that doubles when it is full. What a value means, and how many are allowed, is its owner's matter.

const SMALLEST = 16

export class Deque<T> {
  // A power of two long, so that a mask wraps an index. Free slots hold undefined: a value that left is not kept alive.
  #slots: (T | undefined)[] = slots<T>([], SMALLEST)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value
    this.#length += 1
  }

  /** Takes the oldest value; undefined when there is none, which `length` tells from a value that is undefined. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length -= 1
    return value
  }

  /** Puts a value in front of the oldest one. */
  unshift(value: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = value
    this.#length += 1
  }

  /** Those that stand `from` places behind the oldest, and further. They stay. */
  values(from: number): T[] {
    return this.#inOrder().slice(from)
  }

  /** The oldest value, which stays. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head]
  }

  /** Takes all values, oldest first, and gives the memory back. */
  drain(): T[] {
    const values = this.#inOrder()
    this.#slots = slots<T>([], SMALLEST)
    this.#head = 0
    this.#length = 0
    return values
  }

  #inOrder(): T[] {
    const values: T[] = []
    for (let i = 0; i < this.#length; i++) values.push(this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T)
    return values
  }

  #grow(): void {
    this.#slots = slots<T>(this.#inOrder(), this.#slots.length * 2)
    this.#head = 0
  }
}

/** Fills up with free slots. Pushed, for an array that was made at its length counts as one with holes. */
function slots<T>(values: (T | undefined)[], length: number): (T | undefined)[] {
  while (values.length < length) values.push(undefined)
  return values
}
