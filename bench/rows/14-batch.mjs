// Batches of 100 over a source that is always ready, against a plain loop that fills arrays: from a generator, and from a channel.
const SIZE = 100

async function* numbers(count) {
  for (let i = 0; i < count; i++) yield i
}

/** Fills the channel as far as it goes, again and again. */
async function feed(channel, count) {
  for (let i = 0; i < count; i++) if (channel.trySend(i) !== 'sent') await channel.send(i)
  channel.close()
}

async function* plain(source) {
  let items = []
  for await (const item of source) {
    items.push(item)
    if (items.length < SIZE) continue
    yield items
    items = []
  }
  if (items.length > 0) yield items
}

async function rate(batches, count) {
  const began = performance.now()
  let came = 0
  for await (const items of batches) came += items.length
  if (came !== count) throw new Error(`${came} items came, and not ${count}`)
  return count / 1000 / (performance.now() - began)
}

const side = form => ({
  open: async () => await import('sluicegate/channel'),
  measure: async (isQuick, { batch, Channel }) => {
    const count = isQuick ? 200_000 : 1_000_000
    const channel = new Channel(1000)
    const feeding = feed(channel, count)
    const fromChannel = await rate(form(channel, batch), count)
    await feeding
    return {
      'from a generator, million items/s': await rate(form(numbers(count), batch), count),
      'from a channel, million items/s': fromChannel,
    }
  },
})

export const row = {
  title: 'Batches of 100 over a ready source',
  sides: {
    batch: side((source, batch) => batch(source, { maxSize: SIZE })),
    'batch, maxDelay 50': side((source, batch) => batch(source, { maxSize: SIZE, maxDelay: 50 })),
    'for await': side(source => plain(source)),
  },
  claims: ['batch', 'batch, maxDelay 50'].flatMap(side => [
    { metric: 'from a generator, million items/s', side, against: 'for await', atLeast: 0.5 },
    { metric: 'from a channel, million items/s', side, against: 'for await', atLeast: 0.5 },
  ]),
}
