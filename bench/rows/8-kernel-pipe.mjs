// `flood | cat` into JavaScript: a pipe of the kernel's between the two, against a relay through JavaScript.
import { spawn as spawnPeer } from 'node:child_process'
import { program } from '../harness/peers.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { dataAll, readAll, transfer } from '../harness/transfer.mjs'

const size = isQuick => (isQuick ? 2 ** 28 : 2 ** 30)
const args = total => ['--block', '65536', '--total', String(total)]

export const row = {
  title: 'flood | cat into JavaScript',
  sides: {
    'Command.pipe': {
      open: ours,
      measure: (quick, { command }) =>
        transfer(size(quick), async first => {
          const child = await command(program('flood'), args(size(quick)))
            .pipe('cat')
            .spawn()
          return await readAll(child.stdout, first)
        }),
    },
    'child_process .pipe()': {
      measure: quick =>
        transfer(size(quick), first => {
          const source = spawnPeer(program('flood'), args(size(quick)), { stdio: ['ignore', 'pipe', 'inherit'] })
          const cat = spawnPeer('cat', [], { stdio: ['pipe', 'pipe', 'inherit'] })
          source.stdout.pipe(cat.stdin)
          return dataAll(cat.stdout, first)
        }),
    },
  },
  claims: [{ metric: 'GB/s', side: 'Command.pipe', against: 'child_process .pipe()', atLeast: 1.3 }],
}
