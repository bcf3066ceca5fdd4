// A round trip of 64 bytes through a child that writes back what it reads.
import { spawn as spawnPeer } from 'node:child_process'
import { program } from '../harness/peers.mjs'
import { roundTrips } from '../harness/round-trips.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { quantile } from '../harness/statistics.mjs'

const message = Buffer.alloc(64, 'x')

async function trips(isQuick, once) {
  const us = await roundTrips(isQuick, once)
  return { 'p50, µs': quantile(us, 0.5), 'p99, µs': quantile(us, 0.99) }
}

export const row = {
  title: 'Echo of 64 bytes: round trip',
  sides: {
    ours: {
      open: ours,
      async measure(quick, { spawn }) {
        const child = await spawn(program('echo-server'), [], { stdin: 'pipe' })
        const { stdin, stdout } = child
        const times = await trips(quick, async () => {
          await stdin.write(message)
          await stdout.read()
        })
        await child.terminate()
        return times
      },
    },
    child_process: {
      async measure(quick) {
        const child = spawnPeer(program('echo-server'), [], { stdio: ['pipe', 'pipe', 'inherit'] })
        let came = 0
        let done
        child.stdout.on('data', chunk => {
          came += chunk.length
          if (came >= 64) {
            came -= 64
            done()
          }
        })
        const times = await trips(quick, () => {
          return new Promise(resolve => {
            done = resolve
            child.stdin.write(message)
          })
        })
        child.stdin.end()
        return times
      },
    },
  },
  claims: [{ metric: 'p50, µs', side: 'ours', against: 'child_process', atMost: 1 }],
}
