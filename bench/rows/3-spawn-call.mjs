// How long a spawn call holds the JavaScript thread, with 100 environment variables, at 0, 2 and 8 GB of touched heap.
// Both sides are called in one process, so that its memory is there once.
import childProcess from 'node:child_process'
import { touch } from '../harness/heap.mjs'
import { ours } from '../harness/spawn-once.mjs'
import { quantile } from '../harness/statistics.mjs'

const env = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`VARIABLE_${i}`, `the value of variable ${i}`]))

const open = gigabytes => async () => {
  touch(gigabytes)
  return await ours()
}

async function measure(isQuick, { spawn }) {
  const us = []
  const callOurs = async () => {
    const began = performance.now()
    const starting = spawn('/bin/true', [], { stdout: 'ignore', stderr: 'ignore', env, extendEnv: false })
    us.push((performance.now() - began) * 1000)
    await (
      await starting
    ).closed
  }
  const cpu = process.threadCpuUsage()
  const calls = isQuick ? 200 : 500
  for (let i = 0; i < calls; i++) await callOurs()
  const { user, system } = process.threadCpuUsage(cpu)
  const theirs = []
  for (let i = 0; i < (isQuick ? 5 : 12); i++) {
    const began = performance.now()
    const child = childProcess.spawn('/bin/true', [], { stdio: 'ignore', env })
    theirs.push((performance.now() - began) * 1000)
    await new Promise(resolve => child.on('close', resolve))
  }
  return {
    'ours, p50, µs': quantile(us, 0.5),
    'ours, p99, µs': quantile(us, 0.99),
    'ours, call to closed, CPU of the thread, µs': (user + system) / calls,
    'child_process, p50, µs': quantile(theirs, 0.5),
  }
}

export const row = {
  title: 'JavaScript thread per spawn call, 100 environment variables',
  rounds: 5,
  // One at a time: the largest takes 8 GB.
  parts: [['0 GB'], ['2 GB'], ['8 GB']],
  sides: {
    '0 GB': { open: open(0), measure },
    '2 GB': { open: open(2), measure },
    '8 GB': { open: open(8), measure },
  },
  claims: ['0 GB', '2 GB', '8 GB'].map(side => ({ metric: 'ours, p99, µs', side, atMost: 50 })),
}
