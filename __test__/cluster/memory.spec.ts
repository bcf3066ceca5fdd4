// The log of the specs keeps what the real ones keep, so that what is tested on it holds on them.
import { MemoryLog } from '../pipeline/memory-log.ts'
import { conformance } from './conformance.ts'

conformance('memory', { isRemote: false, largest: 1024 * 1024 }, async () => {
  const logs = new Map<string, MemoryLog>()
  const named = (id: string): MemoryLog => {
    const log = logs.get(id) ?? new MemoryLog()
    logs.set(id, log)
    return log
  }
  return {
    port: 0,
    open: async id => named(id).another(),
    readers: async id => named(id).readers,
    trim: async (id, upTo) => named(id).trim(upTo),
    [Symbol.asyncDispose]: async () => {},
  }
})
