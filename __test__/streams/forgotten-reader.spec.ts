import anyTest from 'ava'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { flood } from '../helpers/programs.ts'
import { ownDescriptors } from '../helpers/processes.ts'
import { turns, waitFor } from '../helpers/wait-for.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function pipes(): number {
  return [...ownDescriptors().values()].filter(link => link.startsWith('pipe:')).length
}

for (const readAhead of [0, 1024 * 1024]) {
  test(`output that nobody reads goes with the handle of its child: readAhead ${readAhead}`, async t => {
    const before = pipes()
    const forget = async (): Promise<void> => {
      for (let count = 0; count < 5; count++) {
        const child = await spawn(flood, ['--total', '1000'], { readAhead })
        t.true((await child.closed).ok)
      }
    }
    await forget()
    await waitFor(async () => {
      gc()
      await turns(3)
      return pipes() <= before
    })
    t.true(pipes() <= before)
  })

  test(`a child that wrote nothing leaves no descriptor, read or not: readAhead ${readAhead}`, async t => {
    const child = await spawn('true', [], { readAhead })
    t.true((await child.closed).ok)
    await waitFor(() => child.stdout.isClosed)
    t.is(await child.stdout.read(), null)
  })

  test(`the tail is readable after the exit, the end after it: readAhead ${readAhead}`, async t => {
    for (const total of [1, 1000, 65_536]) {
      const child = await spawn(flood, ['--total', String(total)], { readAhead })
      await child.closed
      await turns(5)
      t.is((await child.stdout.bytes()).length, total)
      t.is(await child.stdout.read(), null)
    }
  })
}
