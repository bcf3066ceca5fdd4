// A child's events as the native side numbers them, made into objects here: building those natively costs a call per property.
import type { NativeEndpoint, NativeEnvironment } from './addon.ts'

export type NativeChildEvent =
  | {
      readonly type: 'started'
      readonly pid: number
      /** 0 none, 1 group, 2 tree, 3 control group. */
      readonly containment: 0 | 1 | 2 | 3
      readonly stdin: NativeEndpoint | null
      readonly stdout: NativeEndpoint | null
      readonly stderr: NativeEndpoint | null
      /** Our end of the descriptor 3 + `index`; `back`: of a socket, the one that writes. To be taken before the next event. */
      extra(index: number, back: boolean): NativeEndpoint | null
    }
  | {
      readonly type: 'failed'
      readonly stage: string
      readonly errno: number
      readonly code: string
      readonly detail: string
    }
  | {
      readonly type: 'exited'
      /** -1 is none. */
      readonly exitCode: number
      /** 0 is none. */
      readonly signal: number
      readonly coreDumped: boolean
      readonly lost: boolean
      readonly maxRssBytes: number
      readonly userCpuMs: number
      readonly systemCpuMs: number
    }
  | { readonly type: 'stopped' }
  | { readonly type: 'orphaned' }
  /** `survivors` could not be killed. */
  | { readonly type: 'empty'; readonly survivors: number }

const NONE = 0
const STARTED = 1
const FAILED = 2
const EXITED = 3
const STOPPED = 4
const ORPHANED = 5

/** Overwritten by each call. */
const numbers = new Float64Array(7)

/** The oldest event of a child that was not taken yet. */
export function takeEvent(native: NativeEnvironment, child: number): NativeChildEvent | null {
  const kind = native.nextEvent(child, numbers)
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0, seventh = 0] = numbers
  switch (kind) {
    case NONE:
      return null
    case STARTED: {
      // `third` has a bit for each of our ends.
      const end = (slot: number): NativeEndpoint | null => (third & (1 << slot) ? native.takeEnd(child, slot) : null)
      const containment = second as 0 | 1 | 2 | 3
      const extra = (index: number, back: boolean): NativeEndpoint | null =>
        native.takeEnd(child, 3 + 2 * index + Number(back))
      return { type: 'started', pid: first, containment, stdin: end(0), stdout: end(1), stderr: end(2), extra }
    }
    case FAILED: {
      const { stage, code, detail } = native.takeFailure(child)
      return { type: 'failed', stage, errno: first, code, detail }
    }
    case EXITED:
      return {
        type: 'exited',
        exitCode: first,
        signal: second,
        coreDumped: third !== 0,
        lost: fourth !== 0,
        maxRssBytes: fifth,
        userCpuMs: sixth / 1000,
        systemCpuMs: seventh / 1000,
      }
    case STOPPED:
      return { type: 'stopped' }
    case ORPHANED:
      return { type: 'orphaned' }
    default:
      return { type: 'empty', survivors: first }
  }
}
