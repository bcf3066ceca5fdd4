// The metrics of a channel, read from its counters when asked for.
import type { ChannelCore } from './channel-core.ts'
import type { ChannelMetrics } from './types.ts'

export function measured<T>(core: ChannelCore<T>): ChannelMetrics {
  const { held, drops, capacity, settings, sent } = core
  const { length, bytes, peakLength } = held
  return {
    kind: 'channel',
    name: core.name,
    length,
    capacity,
    heldBytes: bytes,
    fillRatio: Math.min(1, Math.max(ratio(length, capacity), ratio(bytes, settings.maxBytes))),
    peakLength,
    sent,
    received: sent - drops.evicted - length,
    dropped: drops.total,
    waitingSenders: core.senders.length,
    waitingReceivers: core.receivers.length,
    sendWaitMs: { total: core.sendWaits.totalMs, max: core.sendWaits.maxMs },
  }
}

function ratio(part: number, whole: number): number {
  return part === 0 ? 0 : part / whole
}
