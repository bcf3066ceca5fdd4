// The metrics of a shared channel, of all threads together, read when asked for.
import type { ChannelMetrics } from '../channel/index.ts'
import type { Port } from './port.ts'

export function measured<T>(port: Port<T>): ChannelMetrics {
  const levels = port.levels()
  const { length, capacity, heldBytes, maxBytes, peakLength, sent, received, dropped } = levels
  return {
    kind: 'channel',
    name: '',
    length,
    capacity,
    heldBytes,
    fillRatio: Math.min(1, Math.max(ratio(length, capacity), ratio(heldBytes, maxBytes))),
    peakLength,
    sent,
    received,
    dropped,
    waitingSenders: levels.waitingSenders,
    waitingReceivers: levels.waitingReceivers,
    sendWaitMs: { total: levels.sendWaitMs, max: levels.longestSendWaitMs },
  }
}

function ratio(part: number, whole: number): number {
  return part === 0 ? 0 : part / whole
}
