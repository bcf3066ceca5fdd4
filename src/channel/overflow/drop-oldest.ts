// 'drop-oldest': the oldest items make room, as many as it takes. Places that are reserved hold no item, so those are waited for.
import type { Full, OverflowPolicy } from './policy.ts'

function makeRoom(full: Full, count: number, size: number): 'wait' | 'accept' {
  // Nothing is dropped in vain.
  if (full.isAwaited || full.reserved + count > full.capacity) return 'wait'
  while (!full.fits(count, size)) full.dropOldest()
  return 'accept'
}

export const dropOldest: OverflowPolicy = {
  onSend: (full, size) => makeRoom(full, 1, size),
  onReserve: (full, count) => makeRoom(full, count, 0),
}
