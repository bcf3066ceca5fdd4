// `select`: waits for several channels at once, and exactly one case happens.
import { channelClosed } from '../bounds.ts'
import { invalidOption, timeoutError } from '../errors.ts'
import { refused, settledLater } from '../ready.ts'
import { turn } from '../turn.ts'
import { checkWait, Guard, triesOnce, type WaitOptions } from '../wait.ts'
import { Channel } from './channel.ts'
import { Selection, type Chosen, type ReceiveCase, type SelectCore, type SendCase } from './selection.ts'
import { tryReceive } from './tries.ts'
import type { Receiver, Sender } from './types.ts'

/** A channel to receive from, or one to send a value to. */
// oxlint-disable-next-line typescript/no-explicit-any -- of any value: each case has its own
export type SelectCase = Channel<any> | { readonly send: Channel<any>; readonly value: unknown }

/** Which case happened, and what was received. */
export type Selected<C> = {
  [K in keyof C]: C[K] extends Receiver<infer T>
    ?
        | { readonly case: K; readonly done: false; readonly value: T }
        | { readonly case: K; readonly done: true; readonly value: undefined }
    : { readonly case: K; readonly done: false; readonly value: undefined }
}[keyof C]

type CheckedCases<C> = {
  [K in keyof C]: C[K] extends { send: Sender<infer T>; value: unknown } ? { send: C[K]['send']; value: T } : C[K]
}

/**
 * Waits until one of the cases can happen, and makes exactly that one happen; the others take, send and lose nothing. Among those that
 * are ready the order of the properties decides, or with `fair` the one whose turn is longest ago. An ended channel is ready, with
 * `done`; a channel that failed, and a send to a closed one, reject.
 *
 * @example
 * const jobs = new Channel<string>(8)
 * const stop = new Channel<void>(1)
 * const chosen = await select({ stop, jobs }, { timeout: 1000 })
 * if (chosen.case === 'jobs' && !chosen.done) console.log(chosen.value)
 */
export function select<const C extends Record<string, SelectCase>>(
  cases: C & CheckedCases<C>,
  options?: WaitOptions & { fair?: boolean },
): Promise<Selected<C>> {
  return choose(cases, options) as Promise<Selected<C>>
}

function choose(
  cases: Record<string, SelectCase>,
  options: (WaitOptions & { fair?: boolean }) | undefined,
): Promise<Chosen> {
  try {
    checkWait(options)
    const parsed = parse(cases)
    const inTurn = options?.fair === true ? [...parsed].sort((a, b) => lastTurn(a) - lastTurn(b)) : parsed
    for (const one of inTurn) {
      const chosen = one.isSend ? tryToSend(one) : tryToReceive(one)
      if (chosen === undefined) continue
      noteTurn(one)
      return turn.tick() ? Promise.resolve(chosen) : settledLater(chosen)
    }
    if (triesOnce(options)) throw timeoutError('select', 0)
    const selection = new Selection(inTurn, noteTurn)
    selection.guard = Guard.of(options, 'select', error => selection.giveUp(error))
    return selection.promise
  } catch (error) {
    return refused(error)
  }
}

function parse(cases: Record<string, SelectCase>): (ReceiveCase | SendCase)[] {
  if (cases === null || typeof cases !== 'object') throw invalidOption('cases', 'an object of channels', cases)
  const entries = Object.entries(cases)
  if (entries.length === 0) throw invalidOption('cases', 'an object with at least one case', cases)
  return entries.map(([key, given]) => {
    if (Channel.is(given)) return { key, isSend: false, core: Channel.coreOf(given) }
    const channel: unknown = given?.send
    if (!Channel.is(channel)) throw invalidOption(`cases.${key}`, 'a Channel, or { send: a Channel, value }', given)
    const core: SelectCore = Channel.coreOf(channel)
    const { value } = given as { value: unknown }
    return { key, isSend: true, core, value, size: core.isOpen ? core.measure(value) : 0 }
  })
}

function tryToReceive({ key, core }: ReceiveCase): Chosen | undefined {
  const step = tryReceive(core)
  if (step === undefined) return undefined
  return step.done === true
    ? { case: key, done: true, value: undefined }
    : { case: key, done: false, value: step.value }
}

function tryToSend({ key, core, value, size }: SendCase): Chosen | undefined {
  if (!core.isOpen) throw channelClosed(core.name, value, core.cause)
  const verdict = core.offer(value, size)
  return verdict === 'accept' || verdict === 'drop' ? { case: key, done: false, value: undefined } : undefined
}

// When each channel was chosen last, to receive from and to send to: what `fair` goes by.
const received = new WeakMap<SelectCore, number>()
const sent = new WeakMap<SelectCore, number>()
let turns = 0

function lastTurn(one: ReceiveCase | SendCase): number {
  return (one.isSend ? sent : received).get(one.core) ?? 0
}

function noteTurn(one: ReceiveCase | SendCase): void {
  turns += 1
  const last = one.isSend ? sent : received
  last.set(one.core, turns)
}
