// 'error': who finds no room is told so at once.
import type { OverflowPolicy } from './policy.ts'

export const error: OverflowPolicy = { onSend: () => 'refuse', onReserve: () => 'refuse' }
