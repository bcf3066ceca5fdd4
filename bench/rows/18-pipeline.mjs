// Events through an EventPipeline in memory, from publish through each processor to its writer, summed over the processors. There is no peer:
// the claims are that a processor costs the same however many there are, and an event the same however many there were.
const side = (processors, events, ack = 'none') => ({
  open: async () => {
    const { EventPipeline } = await import('sluicegate/pipeline')
    return EventPipeline
  },
  measure: async (isQuick, EventPipeline) => {
    const count = isQuick ? Math.ceil(events / 4) : events
    const pipeline = await EventPipeline.open()
    let written = 0
    const added = []
    for (let n = 0; n < processors; n++) {
      const writer = { name: `w${n}`, capacity: 1024, write: async ({ items }) => void (written += items.length) }
      const process = event => [event.data]
      added.push(await pipeline.addProcessor({ name: `p${n}`, ack, process, writer }))
    }
    const began = performance.now()
    for (let n = 0; n < count; n++) await pipeline.publish(n)
    for (const processor of added) await processor.caughtUp()
    const ms = performance.now() - began
    await pipeline.close()
    if (written !== count * processors) throw new Error(`${written} outputs of ${count * processors} were written`)
    return { 'million events/s': (count * processors) / 1000 / ms }
  },
})

/** Many short runs, for one is over before it can be measured. */
const short = (processors, events, runs) => {
  const { open, measure } = side(processors, events)
  return {
    open,
    measure: async (isQuick, state) => {
      const rates = []
      for (let run = 0; run < runs; run++) rates.push((await measure(false, state))['million events/s'])
      return { 'million events/s': rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0) }
    },
  }
}

/** A writer that takes a millisecond for a batch, beside which the computation is nothing: it shall never wait for the next one. */
const slow = {
  open: async () => await import('sluicegate/pipeline'),
  measure: async (isQuick, { EventPipeline }) => {
    const pipeline = await EventPipeline.open()
    const processor = await pipeline.addProcessor({
      name: 'p',
      process: event => [event.data],
      writer: {
        name: 'w',
        capacity: 64,
        maxBatch: 32,
        write: () => new Promise(resolve => void setTimeout(resolve, 1)),
      },
    })
    const began = performance.now()
    for (let n = 0; n < (isQuick ? 5000 : 50_000); n++) await pipeline.publish(n)
    await processor.caughtUp()
    const ms = performance.now() - began
    const { writerIdleMs } = pipeline.metrics().processors.p
    await pipeline.close()
    return { 'slow writer idle, %': (100 * writerIdleMs) / ms }
  },
}

export const row = {
  title: 'EventPipeline in memory: events through publish, process and write, summed over the processors',
  sides: {
    '1 processor': side(1, 400_000),
    '5 processors': side(5, 200_000),
    '5 processors, acknowledged': side(5, 200_000, 'batch'),
    '50 processors': side(50, 40_000),
    '5 processors, 1,000 events': short(5, 1000, 100),
    '5 processors, 100,000 events': short(5, 100_000, 5),
    '5 processors, 10,000,000 events': side(5, 10_000_000),
    'slow writer': slow,
  },
  claims: [
    { metric: 'million events/s', side: '5 processors', atLeast: 1 },
    { metric: 'slow writer idle, %', side: 'slow writer', atMost: 1 },
    { metric: 'million events/s', side: '50 processors', against: '5 processors', atLeast: 0.7 },
    // A thousand events fit the ring, so nobody has to wait for room; from there on each does.
    ...['5 processors, 1,000 events', '5 processors, 100,000 events'].map(against => {
      return { metric: 'million events/s', side: '5 processors, 10,000,000 events', against, atLeast: 0.8 }
    }),
  ],
}
