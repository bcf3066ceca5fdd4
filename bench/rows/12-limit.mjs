// Callbacks with so many at once, against p-limit: as bursts that wait in line, and one after the other.
import { peer } from '../harness/peers.mjs'
import { bursts, inTurn } from '../harness/jobs.mjs'

const CONCURRENCY = 10
const work = async () => 1

const side = open => ({
  open: async () => await open(),
  measure: async (isQuick, call) => ({
    'bursts of 1,000, million calls/s': await bursts(isQuick, () => call(work)),
    'one after the other, million calls/s': await inTurn(isQuick, () => call(work)),
  }),
})

export const row = {
  title: 'limit(10): calls of an async function that has its result ready',
  sides: {
    limit: side(async () => {
      const { limit } = await import('sluicegate/channel')
      return limit(CONCURRENCY)
    }),
    'p-limit': side(async () => {
      const { default: pLimit } = await peer('p-limit')
      return pLimit(CONCURRENCY)
    }),
  },
  claims: [
    { metric: 'bursts of 1,000, million calls/s', side: 'limit', against: 'p-limit', atLeast: 2 },
    { metric: 'one after the other, million calls/s', side: 'limit', against: 'p-limit', atLeast: 2 },
  ],
}
