// 'drop-newest': a value that finds no room is dropped, and its sender goes on. A reservation has nothing to drop, so it waits.
import type { OverflowPolicy } from './policy.ts'

export const dropNewest: OverflowPolicy = { onSend: () => 'drop', onReserve: () => 'wait' }
