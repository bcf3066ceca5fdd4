// The end of a tree when the event loop was blocked for longer than its guard may be silent: the answer is there, and only nobody has looked.

import { mock } from 'node:test'
import test from 'ava'
import type { NativeEnvironment, NativeSpawnRequest } from '../../src/native/index.ts'
import { Environment } from '../../src/native/environment.ts'
import { Child } from '../../src/process/child.ts'
import { Termination } from '../../src/process/termination.ts'
import { turns } from '../helpers/wait-for.ts'

const STARTED = 1
const EXITED = 3
const EMPTY = 6
const ENDS = { kind: 'ignore' } as const
const LADDER = { killSignal: 15, killTimeout: 100 }

/** A child that runs, and a guard whose answers the test queues. */
function scene(): { queue: number[]; heard: string[]; termination: Termination } {
  const queue = [STARTED]
  const heard: string[] = []
  const native = {
    bound: () => ({}),
    ref() {},
    unref() {},
    drain: () => 0,
    spawn: () => 1,
    terminate() {},
    abandon() {},
    nextEvent(_child: number, numbers: Float64Array) {
      numbers.fill(0)
      return queue.shift() ?? 0
    },
  } as unknown as NativeEnvironment
  const environment = new Environment(() => native, 11)
  const child = new Child(environment, { stdin: ENDS, stdout: ENDS, stderr: ENDS } as NativeSpawnRequest, {
    started: () => void heard.push('started'),
    failed: () => void heard.push('failed'),
    stopped() {},
    orphaned() {},
    exited: ({ lost }) => void heard.push(lost ? 'lost' : 'exited'),
    empty() {
      heard.push('empty')
      termination.done()
    },
  })
  const termination = new Termination(child, environment)
  child.ready()
  return { queue, heard, termination }
}

test.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.afterEach.always(() => mock.timers.reset())

test.serial('an exit that is queued when time is up is taken', async t => {
  const { queue, heard, termination } = scene()
  const gone = termination.order(LADDER)
  queue.push(EXITED, EMPTY)
  mock.timers.tick(60_000)
  await gone
  t.deepEqual(heard, ['started', 'exited', 'empty'])
})

test.serial('so is one that comes with the next turn of the event loop', async t => {
  const { queue, heard, termination } = scene()
  const gone = termination.order(LADDER)
  mock.timers.tick(60_000)
  queue.push(EXITED, EMPTY)
  await gone
  t.deepEqual(heard, ['started', 'exited', 'empty'])
})

test.serial('a guard that stays silent leaves the exit lost', async t => {
  const { heard, termination } = scene()
  const gone = termination.order(LADDER)
  mock.timers.tick(LADDER.killTimeout)
  await turns(3)
  t.deepEqual(heard, ['started'])
  mock.timers.tick(60_000)
  await gone
  t.deepEqual(heard, ['started', 'lost', 'empty'])
})

test.serial('a further order gives the guard its time again', async t => {
  const { heard, termination } = scene()
  const gone = termination.order(LADDER)
  mock.timers.tick(60_000)
  void termination.order({ ...LADDER, killTimeout: Infinity })
  await turns(3)
  t.deepEqual(heard, ['started'])
  void termination.order(LADDER)
  mock.timers.tick(60_000)
  await gone
  t.deepEqual(heard, ['started', 'lost', 'empty'])
})
