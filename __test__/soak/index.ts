// `npm run soak -- --minutes N [--seed S] [--only NAME]`: random operations on children in a process of their own. This one looks at it from
// outside: after each round of operations it must be alone with its guards, and its numbers must not rise. Ends with 1 if one does.

import { parseArgs } from 'node:util'
import { Soak, type Outcome } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    only: { type: 'string', multiple: true, default: [] },
  },
})

function show({ minutes, operations, series, problems }: Outcome): void {
  console.log(`${operations} operations in ${minutes.toFixed(1)} minutes`)
  for (const { name, unit, first, last, trend } of series) {
    const line = `${trend.slope.toFixed(3)} ± ${trend.noise.toFixed(3)} ${unit} a minute`
    console.log(`${name.padEnd(24)} ${first} → ${last} ${unit}, slope of the later half ${line}`)
  }
  for (const problem of problems) console.log(`WRONG: ${problem}`)
}

console.log(`seed ${values.seed}`)
const soak = new Soak({ seed: Number(values.seed), only: values.only, onSample: line => console.log(line) })
const outcome = await soak.run(Number(values.minutes) * 60_000)
show(outcome)
process.exitCode = outcome.problems.length === 0 ? 0 : 1
