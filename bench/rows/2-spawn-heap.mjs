// The same with 4 GB of touched memory in the process that starts the children, against our own rate without.
import { touch } from '../harness/heap.mjs'
import { ours, oursOnce, rates } from '../harness/spawn-once.mjs'

const GIGABYTES = 4

async function openLarge() {
  touch(GIGABYTES)
  return await ours()
}

const side = (open, containment) => ({
  open,
  measure: (quick, { spawn }) => rates(quick, () => oursOnce(spawn, containment)),
})

const claim = (metric, containment) => ({
  metric,
  side: `${containment}, 4 GB`,
  against: `${containment}, small`,
  atLeast: 0.9,
})

export const row = {
  title: 'Spawn to exit with 4 GB of touched heap',
  sides: {
    'group, small': side(ours, 'group'),
    'group, 4 GB': side(openLarge, 'group'),
    'tree, small': side(ours, 'tree'),
    'tree, 4 GB': side(openLarge, 'tree'),
  },
  claims: ['group', 'tree'].flatMap(mode => [claim('one at a time, per s', mode), claim('16 at once, per s', mode)]),
}
