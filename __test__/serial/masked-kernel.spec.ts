import anyTest, { type ExecutionContext } from 'ava'
import { startHousehold, type Household } from '../helpers/household.ts'
import { canMask, lineUnder, masks } from '../helpers/masks.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KILL_TIMEOUT = 300

interface Report {
  readonly outcomes: Readonly<Record<string, string>>
  readonly descriptors: number
}

async function report({ node }: Household): Promise<Report> {
  node.process.stdin?.write('go\n')
  return JSON.parse(await node.line()) as Report
}

async function family(t: ExecutionContext, mask: string): Promise<Household> {
  const household = startHousehold('family.ts', { line: lineUnder(mask) })
  t.deepEqual(await household.node.message(), { children: 50 })
  return household
}

const test = canMask() ? anyTest.serial : anyTest.serial.skip

for (const mask of Object.keys(masks)) {
  test(`${mask}: every way to start a child works and leaves nothing`, async t => {
    await using household = startHousehold('every-way.ts', { line: lineUnder(mask) })
    await household.node.line()
    const { outcomes, descriptors } = await report(household)
    t.deepEqual(new Set(Object.values(outcomes)), new Set(['ok']))
    // A helper's own descriptor goes when its end is heard of, which may be a moment after its child's.
    await waitFor(async () => (await report(household)).descriptors <= descriptors)
    household.node.process.stdin?.end()
    t.like(await household.node.exited, { code: 0 })
    await t.notThrowsAsync(household.diesOut(0))
  })

  test(`${mask}: SIGKILL of Node leaves no descendant`, async t => {
    await using household = await family(t, mask)
    household.node.process.kill('SIGKILL')
    await t.notThrowsAsync(household.diesOut(4 * KILL_TIMEOUT))
  })

  test(`${mask}: SIGKILL of the shepherd leaves no descendant`, async t => {
    await using household = await family(t, mask)
    const shepherd = household.members().find(({ ppid }) => ppid === household.node.pid)
    process.kill(shepherd?.pid ?? 0, 'SIGKILL')
    await waitFor(() => household.members().length === 0, {
      deadline: 4 * KILL_TIMEOUT,
      what: () =>
        household
          .members()
          .map(({ pid, commandLine }) => `the end of ${pid} ${commandLine}`)
          .join('\n'),
    })
    t.pass()
  })
}
