// Counters of one child, from its pipes.
import type { Life } from './life.ts'
import type { ProcessMetrics } from './types.ts'

export function childMetrics(life: Life): ProcessMetrics {
  const { ends } = life
  const outputs = ends?.outputs ?? []
  let bytesRead = 0
  let reads = 0
  let readParks = 0
  let bytesWritten = 0
  let writes = 0
  let writeParks = 0
  let waitedForChildMs = 0
  let pipedBytes = 0
  for (const output of outputs) {
    bytesRead += output.bytes
    reads += output.calls
    readParks += output.parks
    waitedForChildMs += output.waitedMs
    pipedBytes += output.buffered
  }
  for (const input of ends?.inputs ?? []) {
    bytesWritten += input.bytes
    writes += input.calls
    writeParks += input.parks
    waitedForChildMs += input.waitedMs
    // Of a terminal both ends tell the same: what waits to be read.
    if (!input.isTerminal) pipedBytes += input.buffered
  }
  return {
    kind: 'process',
    pid: life.pid,
    file: life.settings.file,
    bytesRead,
    bytesWritten,
    reads,
    writes,
    readParks,
    writeParks,
    waitedForChildMs,
    pipedBytes,
    uptimeMs: life.uptimeMs,
  }
}
