// Jobs through a queue of ten slots, against p-queue and fastq. The peers' lines have no bound, so ours is measured without one and with one.
import { peer } from '../harness/peers.mjs'
import { bursts, inTurn } from '../harness/jobs.mjs'

const CONCURRENCY = 10
const work = async job => job

const side = open => ({
  open: async () => await open(),
  measure: async (isQuick, submit) => ({
    'bursts of 1,000, million jobs/s': await bursts(isQuick, submit),
    'one after the other, million jobs/s': await inTurn(isQuick, submit),
  }),
})

const ours = capacity =>
  side(async () => {
    const { WorkQueue } = await import('sluicegate/channel')
    const queue = new WorkQueue(work, { concurrency: CONCURRENCY, capacity })
    return job => queue.submit(job)
  })

export const row = {
  title: 'WorkQueue of ten slots: jobs that have their result ready',
  sides: {
    'capacity Infinity': ours(Infinity),
    'capacity 100': ours(100),
    fastq: side(async () => {
      const { default: fastq } = await peer('fastq')
      const queue = fastq.promise(work, CONCURRENCY)
      return job => queue.push(job)
    }),
    'p-queue': side(async () => {
      const { default: PQueue } = await peer('p-queue')
      const queue = new PQueue({ concurrency: CONCURRENCY })
      return job => queue.add(() => work(job))
    }),
  },
  // Like against like: without a bound.
  claims: ['bursts of 1,000, million jobs/s', 'one after the other, million jobs/s'].flatMap(metric => [
    { metric, side: 'capacity Infinity', against: 'fastq', atLeast: 1 },
    { metric, side: 'capacity Infinity', against: 'p-queue', atLeast: 4 },
  ]),
}
