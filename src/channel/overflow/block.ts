// 'block': who finds no room waits for it.
import type { OverflowPolicy } from './policy.ts'

export const block: OverflowPolicy = { onSend: () => 'wait', onReserve: () => 'wait' }
