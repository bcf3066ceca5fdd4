// Tests whose journals find a disk that fails. The fault is the process's, so they run one at a time.

import anyTest, { type ExecutionContext } from 'ava'
import { loadNative } from '../../src/native/loader.ts'

/** Of every journal of this process: bytes that one write takes at most, bytes until the disk is full, syncs until one fails; -1 = never. */
export type FailDisk = (short: number, room: number, syncs: number) => void

const { failDisk } = loadNative().addon as { failDisk?: FailDisk }

/** A build without faults looks at nothing. */
export function diskTest(title: string, body: (t: ExecutionContext, fail: FailDisk) => Promise<void>): void {
  anyTest.serial(title, async t => {
    if (failDisk === undefined) {
      t.pass('the addon was built without SLUICEGATE_FEATURES=faults')
      return
    }
    try {
      await body(t, failDisk)
    } finally {
      failDisk(-1, -1, -1)
    }
  })
}
