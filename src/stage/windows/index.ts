// Windows of events, and what else takes more than one event to tell.
export { departition, type DepartitionOptions } from './departition.ts'
export { boundedJoin, type JoinMode, type JoinOptions } from './join.ts'
export { takeSorted } from './sorted.ts'
export type { Window, WindowOptions, WindowState } from './types.ts'
export { windowed } from './windowed.ts'
