// Throughput of a child's stdout as chunks, against child_process and against a bare loop of read(2) in Rust on the same kind of pipe.
import { execFileSync, spawn as spawnPeer } from 'node:child_process'
import { program } from '../harness/peers.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { dataAll, readAll, transfer } from '../harness/transfer.mjs'

const size = isQuick => (isQuick ? 2 ** 29 : 2 ** 31)
const args = total => ['--block', '65536', '--total', String(total)]

const chunks = options => ({
  open: ours,
  measure: (quick, { spawn }) =>
    transfer(size(quick), async first => {
      const child = await spawn(program('flood'), args(size(quick)), options)
      return await readAll(child.stdout, first)
    }),
})

export const row = {
  title: 'stdout throughput: chunks, 64 KiB writes',
  sides: {
    ours: chunks({}),
    'ours, pipeSize 256 KiB': chunks({ pipeSize: 262_144 }),
    child_process: {
      measure: quick =>
        transfer(size(quick), first => {
          const child = spawnPeer(program('flood'), args(size(quick)), { stdio: ['ignore', 'pipe', 'inherit'] })
          return dataAll(child.stdout, first)
        }),
    },
    'bare loop': {
      measure: quick => {
        const line = '"$0" --block 65536 --total "$2" | "$1"'
        const words = ['-c', line, program('flood'), program('drain'), String(size(quick))]
        const [bytes, nanoseconds] = execFileSync('/bin/sh', words, { encoding: 'utf8' }).split(' ').map(Number)
        return { 'GB/s': bytes / nanoseconds }
      },
    },
  },
  claims: [
    { metric: 'GB/s', side: 'ours', against: 'child_process', atLeast: 1 },
    { metric: 'GB/s', side: 'ours', against: 'bare loop', atLeast: 0.95 },
  ],
}
