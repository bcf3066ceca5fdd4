// Counters of one child, from its pipes.
import type { Life } from './life.ts'
import type { ProcessMetrics } from './types.ts'

export function childMetrics(life: Life): ProcessMetrics {
  const { ends } = life
  const outputs = ends?.outputs ?? []
  const input = ends?.input
  let bytesRead = 0
  let reads = 0
  let readParks = 0
  let waitedForChildMs = input?.waitedMs ?? 0
  // Of a terminal both ends tell the same: what waits to be read.
  let pipedBytes = input === undefined || input.isTerminal ? 0 : input.buffered
  for (const output of outputs) {
    bytesRead += output.bytes
    reads += output.calls
    readParks += output.parks
    waitedForChildMs += output.waitedMs
    pipedBytes += output.buffered
  }
  return {
    kind: 'process',
    pid: life.pid,
    file: life.settings.file,
    bytesRead,
    bytesWritten: input?.bytes ?? 0,
    reads,
    writes: input?.calls ?? 0,
    readParks,
    writeParks: input?.parks ?? 0,
    waitedForChildMs,
    pipedBytes,
    uptimeMs: life.uptimeMs,
  }
}
