// One instance's waits on a native part that the test plays: what another thread does between two calls.
import test from 'ava'
import type { SluiceError } from '../../src/errors.ts'
import type { NativeWaits, WaitHost } from '../../src/native/index.ts'
import { Wait, WaitRoom } from '../../src/shared/waits.ts'

/** Waits that are given a value by number; what is given up may have been served just before. */
class Native implements NativeWaits {
  readonly given = new Map<number, string>()
  readonly log: string[] = []
  beforeGiveUp: (wait: number) => void = () => {}

  giveUp(wait: number): boolean {
    this.beforeGiveUp(wait)
    this.log.push(`give up ${wait}`)
    return !this.given.has(wait)
  }

  leave(): void {
    this.log.push('leave')
    this.given.clear()
  }
}

class Host implements WaitHost {
  readonly failure: SluiceError | undefined = undefined
  freeWait = 1
  held = 0
  hold(): void {
    this.held += 1
  }
  drop(): void {
    this.held -= 1
  }
  addWait(): void {
    this.freeWait += 1
  }
  removeWait(): void {}
}

class TextWait extends Wait<string> {
  readonly #native: Native

  constructor(room: WaitRoom, native: Native) {
    super(room, true)
    this.#native = native
  }

  override look(): void {
    const text = this.#native.given.get(this.number)
    if (text === undefined) return
    if (text === 'unreadable') throw new Error(text)
    this.resolve(text)
  }

  override left(): void {
    this.reject(new Error('left'))
  }
}

function setUp(count: number): { native: Native; host: Host; room: WaitRoom; waits: TextWait[] } {
  const native = new Native()
  const host = new Host()
  const room = new WaitRoom(host, native)
  return { native, host, room, waits: Array.from({ length: count }, () => new TextWait(room, native)) }
}

test('leaving rejects no wait that another thread serves meanwhile, and lets in none of its own', async t => {
  const { native, host, room, waits } = setUp(3)
  native.given.set(1, 'before')
  native.beforeGiveUp = wait => {
    if (wait === 2) native.given.set(2, 'meanwhile')
  }
  room.leave()
  const outcomes = await Promise.allSettled(waits.map(({ promise }) => promise))
  t.deepEqual(
    outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason))),
    ['before', 'meanwhile', 'Error: left'],
  )
  t.deepEqual(native.log, ['give up 3', 'give up 2', 'leave'])
  t.is(host.held, 0)
})

test('a wait that was given what can not be read rejects, told or given up', async t => {
  const { native, host, waits } = setUp(2)
  const [told, late] = waits as [TextWait, TextWait]
  for (const { number } of waits) native.given.set(number, 'unreadable')
  t.notThrows(() => told.ready())
  t.notThrows(() => late.giveUp(new Error('too late')))
  await t.throwsAsync(told.promise, { message: 'unreadable' })
  await t.throwsAsync(late.promise, { message: 'unreadable' })
  t.is(host.held, 0)
})
