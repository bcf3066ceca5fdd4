// Events as items of a channel. Who emits can't be held back, so the channel has a bound and says what becomes of events beyond it.
import type { EventEmitter } from 'node:events'
import { channelFull, oneOf } from '../bounds.ts'
import { onAbort } from '../abort.ts'
import { abortError, invalidOption } from '../errors.ts'
import { checkWait } from '../wait.ts'
import { Channel } from './channel.ts'
import type { ChannelOptions, Overflow } from './types.ts'

/** How events are listened to. */
export interface EventChannelOptions<T> extends Omit<ChannelOptions<T>, 'overflow'> {
  /** `'drop-oldest'` by default. With `'error'` an event too many closes the channel with ERR_CHANNEL_FULL, after those that are held. */
  overflow?: Exclude<Overflow, 'block'>
  /** Events that close the channel, as `'end'` and `'close'` of many emitters. */
  closeOn?: readonly string[]
  /** Ends the listening: after what is held receivers get an AbortError. */
  signal?: AbortSignal
}

type Listener = (...values: unknown[]) => void

const POLICIES = ['drop-oldest', 'drop-newest', 'error']

/**
 * A channel with the events of an emitter (an array of arguments each) or of an EventTarget (the events themselves). The event `'error'` of an
 * emitter closes it with that error. Canceling the channel ends the listening.
 *
 * @example
 * const messages = eventChannel<[string]>(socket, 'message', { capacity: 1000, closeOn: ['close'] })
 * for await (const [text] of messages) await handle(text)
 */
export function eventChannel<T extends unknown[] = unknown[]>(
  source: EventEmitter,
  event: string | symbol,
  options: EventChannelOptions<T>,
): Channel<T>
export function eventChannel<T extends Event = Event>(
  source: EventTarget,
  event: string,
  options: EventChannelOptions<T>,
): Channel<T>
export function eventChannel(
  source: EventEmitter | EventTarget,
  event: string | symbol,
  options: EventChannelOptions<never>,
): Channel<unknown> {
  const { closeOn = [], overflow = 'drop-oldest', signal, ...rest } = checked(options)
  const isTarget = !isEmitter(source)
  if (isTarget && !(source instanceof EventTarget))
    throw invalidOption('source', 'an EventEmitter or an EventTarget', source)
  if (typeof event !== 'string' && (isTarget || typeof event !== 'symbol'))
    throw invalidOption('event', 'the name of an event', event)
  const channel = new Channel<unknown>({ ...(rest as ChannelOptions<unknown>), overflow })
  const take = (value: unknown): void => {
    const outcome = channel.trySend(value)
    if (outcome === 'full') end(channelFull(rest.name ?? '', channel.capacity, value))
    else if (outcome === 'closed') stop()
  }
  const listeners: [event: string | symbol, listener: Listener][] = [
    [event, isTarget ? take : (...values: unknown[]) => take(values)],
    ...closeOn.map((name): [string, Listener] => [name, () => end()]),
  ]
  if (!isTarget && event !== 'error') listeners.push(['error', (error: unknown) => end(error)])
  const stop = (): void => {
    for (const [name, listener] of listeners) removeListener(source, name, listener)
    aborting?.remove()
  }
  const end = (error?: unknown): void => {
    stop()
    channel.close(error)
  }
  for (const [name, listener] of listeners) addListener(source, name, listener)
  const aborting = signal && onAbort(signal, { handleEvent: () => end(abortError(signal)) })
  void channel.closed.then(stop)
  return channel
}

function checked<T>(options: EventChannelOptions<T>): EventChannelOptions<T> {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { closeOn = [], overflow = 'drop-oldest', signal } = options
  if (!POLICIES.includes(overflow)) throw invalidOption('overflow', oneOf(POLICIES), overflow)
  if (!Array.isArray(closeOn)) throw invalidOption('closeOn', 'an array of names', closeOn)
  checkWait(signal === undefined ? undefined : { signal })
  return options
}

function isEmitter(source: EventEmitter | EventTarget): source is EventEmitter {
  return typeof (source as EventEmitter | null)?.on === 'function'
}

function addListener(source: EventEmitter | EventTarget, event: string | symbol, listener: Listener): void {
  if (isEmitter(source)) source.on(event, listener)
  else source.addEventListener(event as string, listener)
}

function removeListener(source: EventEmitter | EventTarget, event: string | symbol, listener: Listener): void {
  if (isEmitter(source)) source.off(event, listener)
  else source.removeEventListener(event as string, listener)
}
