// Pressure from outside, and who heeds it: what 'sluicegate/valve' gives.
export { PressureAuthority } from './authority.ts'
export type { ApplyOptions, Holder, Marks, PressureLease, ValveEvent, ValveOptions } from './types.ts'
export { Valve, type GuardOptions } from './valve.ts'
export type { ValveMetrics } from '../observe/metrics.ts'
export { SluiceError, type ErrorCode } from '../errors.ts'
export type { Lagged } from '../feed.ts'
export type { WaitOptions } from '../wait.ts'
