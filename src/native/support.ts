// Says whether the native parts can work here, without throwing.
import { loadNative } from './loader.ts'

/**
 * What works on this machine. `reason` says why something doesn't. Never throws; the first call loads the addon if it is there.
 *
 * @example
 * if (!isSupported().process) console.warn(isSupported().reason)
 */
export function isSupported(): { readonly process: boolean; readonly shared: boolean; readonly reason?: string } {
  try {
    loadNative()
    return { process: true, shared: true }
  } catch (error) {
    return { process: false, shared: false, reason: error instanceof Error ? error.message : String(error) }
  }
}
