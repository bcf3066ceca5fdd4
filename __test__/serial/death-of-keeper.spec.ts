import { readdirSync, readlinkSync } from 'node:fs'
import anyTest from 'ava'
import { run, spawn } from '../../index.ts'
import { shepherds, withCensus } from '../helpers/census.ts'
import { descendantsOf, isAlive, processInfo } from '../helpers/processes.ts'
import { stubborn } from '../helpers/programs.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

function keeperOf(pid: number): number {
  const keeper = processInfo(processInfo(pid)?.ppid ?? 0)
  if (keeper?.name !== 'sluice-keeper') throw new Error(`${pid} is under ${keeper?.name}`)
  return keeper.pid
}

test('its target and a descendant of another session are gone, and the status is lost', async t => {
  const child = await spawn(stubborn, ['--setsid'], { containment: 'tree' })
  await child.stdout.read()
  const tree = [child.pid, ...descendantsOf(child.pid).map(({ pid }) => pid)]
  t.is(tree.length, 2)
  const shepherd = shepherds()[0]?.pid
  process.kill(keeperOf(child.pid), 'SIGKILL')
  t.like(await child.exited, { ok: false, lost: true, exitCode: null, signal: null })
  await child.closed
  await waitFor(() => !tree.some(isAlive))
  await t.throwsAsync(child.success(), { code: 'ERR_STATUS_LOST' })
  t.is(shepherds()[0]?.pid, shepherd)
})

test('it was stopped: its target is killed all the same when the keeper is', async t => {
  const child = await spawn('sleep', ['600'], { containment: 'tree' })
  const keeper = keeperOf(child.pid)
  process.kill(keeper, 'SIGSTOP')
  process.kill(keeper, 'SIGKILL')
  t.like(await child.closed, { lost: true })
  await waitFor(() => !isAlive(child.pid))
})

test("it holds its own few descriptors and nobody else's", async t => {
  const options = { containment: 'tree', stdin: 'pipe', stderr: 'pipe' } as const
  const children = await Promise.all([1, 2, 3].map(async () => await spawn('sleep', ['600'], options)))
  const lists = children.map(({ pid }) => {
    const folder = `/proc/${keeperOf(pid)}/fd`
    return readdirSync(folder).map(fd => [fd, readlinkSync(`${folder}/${fd}`)] as const)
  })
  for (const list of lists) {
    t.deepEqual(
      list.map(([fd, link]) => [fd, link.replace(/\d+\]$/u, ']')]),
      [
        ['0', '/dev/null'],
        ['1', '/dev/null'],
        ['2', '/dev/null'],
        ['3', 'socket:[]'],
        ['4', 'pipe:[]'],
        ['5', 'anon_inode:[signalfd]'],
      ],
    )
  }
  t.is(new Set(lists.flatMap(list => list.slice(3, 5).map(([, link]) => link))).size, 6)
  await Promise.all(children.map(async child => await child.terminate()))
})
