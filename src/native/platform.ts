// Which prebuilt binary fits this process: the tag in the names of the platform packages and of the addon's file.
import { readFileSync } from 'node:fs'

/** The tags there are binaries for. */
export const PLATFORM_TAGS: readonly string[] = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
]

/** This process's tag, whether or not there is a binary for it. */
export function platformTag(): string {
  const base = `${process.platform}-${process.arch}`
  return process.platform === 'linux' ? `${base}-${usesMusl() ? 'musl' : 'gnu'}` : base
}

/** The loader that is mapped into this very process decides, not the distribution: glibc programs also run on musl systems. */
function usesMusl(): boolean {
  try {
    return /\/ld-musl-|\/libc\.musl-/.test(readFileSync('/proc/self/maps', 'latin1'))
  } catch {
    return !reportedGlibc()
  }
}

function reportedGlibc(): boolean {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const before = report.excludeNetwork
  // Without it the report resolves the names of every open connection, which can take seconds.
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } }
    return header?.glibcVersionRuntime !== undefined
  } finally {
    report.excludeNetwork = before ?? false
  }
}
