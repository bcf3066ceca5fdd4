// 'drop-oldest': the oldest items make room, as many as it takes. Places that are reserved hold no item, so those are waited for.
import type { Full, OverflowPolicy } from './policy.ts'

function makeRoom(full: Full, count: number, size: number): 'wait' | 'accept' {
  if (full.isAwaited) return 'wait'
  while (full.length > 0 && !full.fits(count, size)) full.dropOldest()
  return full.fits(count, size) ? 'accept' : 'wait'
}

export const dropOldest: OverflowPolicy = {
  onSend: (full, size) => makeRoom(full, 1, size),
  onReserve: (full, count) => makeRoom(full, count, 0),
}
