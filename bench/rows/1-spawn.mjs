// Spawn to exit of /bin/true with its stdout read to the end: one at a time, and 16 at once.
import { bunOnce, childProcessOnce, ours, oursOnce, rates } from '../harness/spawn-once.mjs'

const one = 'one at a time, per s'
const many = '16 at once, per s'

export const row = {
  title: 'Spawn to exit, small heap',
  sides: {
    group: { open: ours, measure: (quick, { spawn }) => rates(quick, () => oursOnce(spawn, 'group')) },
    tree: { open: ours, measure: (quick, { spawn }) => rates(quick, () => oursOnce(spawn, 'tree')) },
    child_process: { measure: quick => rates(quick, childProcessOnce) },
    'Bun.spawn': { runtime: 'bun', measure: quick => rates(quick, bunOnce) },
  },
  claims: [
    { metric: one, side: 'group', against: 'child_process', atLeast: 3.5 },
    { metric: one, side: 'group', against: 'Bun.spawn', atLeast: 0.9 },
    { metric: many, side: 'group', against: 'child_process', atLeast: 3.5 },
    { metric: many, side: 'group', against: 'Bun.spawn', atLeast: 0.9 },
    { metric: one, side: 'tree', against: 'child_process', atLeast: 2.8 },
    { metric: one, side: 'tree', against: 'Bun.spawn', atLeast: 0.7 },
    { metric: many, side: 'tree', against: 'child_process', atLeast: 2.5 },
    { metric: many, side: 'tree', against: 'Bun.spawn', atLeast: 0.65 },
  ],
}
