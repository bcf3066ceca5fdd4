import test from 'ava'
import { startHousehold } from '../helpers/household.ts'

interface Row {
  readonly spare: number
  readonly outcomes: readonly string[]
  readonly one: string
  readonly next: string
  readonly left: number
}

for (const start of ['warm', 'cold']) {
  test(`without descriptors a start is one EMFILE, and the next one works: 0 to 12 to spare, ${start}`, async t => {
    await using household = startHousehold('starved.ts', { args: [start], line: 'ulimit -n 256; exec "$0" "$@"' })
    const rows = await household.node.message<Row[]>()
    t.deepEqual(
      rows.map(({ spare, next, left }) => ({ spare, next, left })),
      Array.from({ length: 13 }, (_, spare) => ({ spare, next: 'x', left: 0 })),
    )
    for (const { spare, outcomes } of rows) {
      t.deepEqual(
        outcomes.filter(outcome => outcome !== 'x' && outcome !== 'SpawnError EMFILE'),
        [],
        `${spare} to spare`,
      )
    }
    t.is(rows[0]?.one, 'SpawnError EMFILE')
    t.is(rows.at(-1)?.one, 'x')
    t.like(await household.node.exited, { code: 0 })
    await t.notThrowsAsync(household.diesOut(0))
  })
}
