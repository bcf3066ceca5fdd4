// The census itself: a test tool that finds nothing would prove nothing.

import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import anyTest from 'ava'
import { everythingIsBack, leftBehind, takeCensus, withCensus } from '../helpers/census.ts'
import { NodeChild, startScript } from '../helpers/children.ts'
import { Counter, firstDifference, expectedBytes, flood, probe, stubborn, type Probe } from '../helpers/programs.ts'
import { isAlive, ownDescriptors } from '../helpers/processes.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest)
const onLinux: typeof test = process.platform === 'linux' ? test : title => anyTest.skip(title, t => t.pass())

function start(program: string, args: readonly string[] = []): NodeChild {
  return new NodeChild(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

onLinux('a living child and its descriptors are found, and their end is seen', async t => {
  const before = takeCensus()
  const child = start(stubborn)
  await child.line()
  const left = leftBehind(before, takeCensus())
  t.true(left.some(line => line.startsWith('process') && line.includes(stubborn)))
  t.true(left.some(line => line.includes('descriptor')))
  await t.throwsAsync(everythingIsBack(before, 50), { message: /stubborn/u })
  await child[Symbol.asyncDispose]()
  await t.notThrowsAsync(everythingIsBack(before))
})

onLinux('a process that left parent, group and session is found by its mark', async t => {
  const before = takeCensus()
  const child = start(stubborn, ['--double-fork', '--close'])
  const pid = Number((await child.line()).split(' ')[1])
  await child.exited
  t.true(isAlive(pid))
  t.true(leftBehind(before, takeCensus()).some(line => line.startsWith(`process ${pid} `)))
  process.kill(pid, 'SIGKILL')
  await waitFor(() => !isAlive(pid))
})

onLinux('an open descriptor is found', t => {
  const before = takeCensus()
  const fd = openSync('/dev/null', 'r')
  t.deepEqual(leftBehind(before, takeCensus()), ['1 descriptor(s) /dev/null'])
  closeSync(fd)
})

test('the flood counts what the kernel took, and its bytes follow from their offset', async t => {
  const counter = new Counter()
  const child = spawn(flood, ['--total', '300000', '--counter', counter.file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let offset = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    t.is(firstDifference(chunk, offset), -1)
    offset += chunk.length
  }
  t.is(offset, 300_000)
  t.is(counter.value, 300_000)
  t.is(firstDifference(expectedBytes(7, 600), 7), -1)
  t.is(firstDifference(expectedBytes(7, 600), 8), 8)
  counter[Symbol.dispose]()
})

onLinux('the probe shows an untouched process', async t => {
  const child = start(probe, ['a', 'b"c\n'])
  const shown = JSON.parse(await child.line()) as Probe
  t.is(shown.SigCgt, '0000000000000000')
  t.is(shown.SigIgn, '0000000000000000')
  t.deepEqual(shown.argv, [probe, 'a', 'b"c\n'])
  // Whatever else it has, the test runner already had, and without close-on-exec.
  const given = Object.entries(shown.fds).filter(([fd, link]) => ownDescriptors().get(Number(fd)) !== link)
  t.deepEqual(
    given.map(([fd]) => fd),
    ['0', '1', '2'].filter(fd => given.some(([other]) => other === fd)),
  )
  t.true(given.length <= 3)
  t.is(shown.ppid, process.pid)
  await child.exited
})

test('a second Node process answers by message and by line', async t => {
  const child = startScript(`
    process.on('message', message => { console.log('line ' + message.n); process.send({ n: message.n + 1 }); process.disconnect() })
    process.send('up')
  `)
  t.is(await child.message(), 'up')
  child.send({ n: 1 })
  t.deepEqual(await child.message(), { n: 2 })
  t.is(await child.line(), 'line 1')
  t.deepEqual(await child.exited, { code: 0, signal: null })
  await t.throwsAsync(child.message(), { message: /no message any more: exit 0/u })
})
