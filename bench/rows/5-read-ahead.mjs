// The same bytes with `readAhead`: what they cost the JavaScript thread.
import { spawn as spawnPeer } from 'node:child_process'
import { program } from '../harness/peers.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { dataAll, readAll, transfer } from '../harness/transfer.mjs'

const size = isQuick => (isQuick ? 2 ** 29 : 2 ** 31)
const args = total => ['--block', '65536', '--total', String(total)]

const read = readAhead => ({
  open: ours,
  measure: (quick, { spawn }) =>
    transfer(size(quick), async first => {
      const child = await spawn(program('flood'), args(size(quick)), { readAhead })
      return await readAll(child.stdout, first)
    }),
})

export const row = {
  title: 'stdout with readAhead: CPU of the JavaScript thread',
  sides: {
    'readAhead 1 MiB': read(2 ** 20),
    'readAhead 4 MiB': read(2 ** 22),
    child_process: {
      measure: quick =>
        transfer(size(quick), first => {
          const child = spawnPeer(program('flood'), args(size(quick)), { stdio: ['ignore', 'pipe', 'inherit'] })
          return dataAll(child.stdout, first)
        }),
    },
  },
  claims: ['readAhead 1 MiB', 'readAhead 4 MiB'].map(side => ({
    metric: 'JavaScript thread, CPU s per GB',
    side,
    against: 'child_process',
    atMost: 0.4,
  })),
}
