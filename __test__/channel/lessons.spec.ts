// Mistakes that well-known lessons on back-pressure teach along with it: what fails with their code holds with ours.
import test, { type ExecutionContext } from 'ava'
import { batch, Channel } from '../../index.ts'
import { standing } from '../helpers/deferred.ts'
import { ManualClock } from '../helpers/manual-clock.ts'
import { turns } from '../helpers/wait-for.ts'

const MAX_SIZE = 100
const MAX_DELAY = 50

function manualClock(t: ExecutionContext): ManualClock {
  const clock = ManualClock.install()
  t.teardown(() => clock.restore())
  return clock
}

/** Gives the batches of a channel to `flush`, until the channel ends. */
type Collect = (channel: Channel<number>, clock: ManualClock, flush: (items: number[]) => void) => Promise<void>

/** A new sleep beside each receive, so every item starts the time again; and the end of the channel only means that no item came. */
const taught: Collect = async (channel, clock, flush) => {
  let items: number[] = []
  let receive = channel.receive()
  for (;;) {
    const step = await Promise.race([receive, clock.pause(MAX_DELAY)])
    if (step?.done === false) {
      items.push(step.value)
      receive = channel.receive()
    }
    if (items.length >= MAX_SIZE || (step === undefined && items.length > 0)) {
      flush(items)
      items = []
    }
    if (step?.done === true) receive = new Promise(() => {})
  }
}

const ours: Collect = async (channel, _clock, flush) => {
  for await (const items of batch(channel, { maxSize: MAX_SIZE, maxDelay: MAX_DELAY })) flush(items)
}

for (const [name, collect, isRight] of [
  ['as it is taught it is', taught, false],
  ['with `batch` it is not', ours, true],
] as const) {
  test.serial(
    `the time of a batch is started again by every item, so that a trickle never goes out: ${name}`,
    async t => {
      const clock = manualClock(t)
      const channel = new Channel<number>(MAX_SIZE)
      const ages: number[] = []
      let oldest: number | undefined
      const collecting = collect(channel, clock, () => {
        ages.push(clock.now - (oldest ?? clock.now))
        oldest = undefined
      })
      for (let item = 0; item < 30; item++) {
        await channel.send(item)
        oldest ??= clock.now
        await clock.advance(10)
      }
      t.is(ages.length > 0 && Math.max(...ages) <= MAX_DELAY, isRight, `ages ${ages.join(', ')}`)
      channel.close()
      void collecting
    },
  )

  test.serial(`the loop goes on for ever after the channel was closed: ${name}`, async t => {
    const clock = manualClock(t)
    const channel = new Channel<number>(MAX_SIZE)
    const got: number[] = []
    const collecting = collect(channel, clock, items => got.push(...items))
    await channel.send(1)
    channel.close()
    await turns(4)
    t.is(await standing(collecting), isRight ? 'fulfilled' : 'pending')
    t.deepEqual(got, isRight ? [1] : [])
    await clock.advance(10 * MAX_DELAY)
    t.is(await standing(collecting), isRight ? 'fulfilled' : 'pending')
  })
}

test('a monitor shows the capacity and calls it the fill: the one that is taught does, `metrics` does not', async t => {
  const monitors = {
    taught: (channel: Channel<number>): number => channel.capacity,
    ours: (channel: Channel<number>): number => channel.metrics().length,
  }
  for (const [name, monitor] of Object.entries(monitors)) {
    const channel = new Channel<number>(4)
    const shown: number[] = []
    for (let item = 0; item < 3; item++) {
      shown.push(monitor(channel))
      await channel.send(item)
    }
    await channel.receive()
    shown.push(monitor(channel))
    t.deepEqual(shown, name === 'ours' ? [0, 1, 2, 2] : [4, 4, 4, 4])
  }
})

interface Item {
  readonly value: number
  readonly done: Channel<true>
}

/** The consumer sends the acknowledgement to its own mailbox, and nobody ever receives the item. */
async function acknowledgesItself(): Promise<void> {
  const mailbox = new Channel<'ack'>(1)
  await mailbox.send('ack')
  await mailbox.receive()
}

async function acknowledges(items: Channel<Item>, processed: number[]): Promise<void> {
  for await (const { value, done } of items) {
    await turns()
    processed.push(value)
    await done.send(true)
  }
}

test('a producer waits for an acknowledgement that its consumer sends to itself: as taught it stands still, with an answer for each item it does not', async t => {
  for (const consume of [acknowledgesItself, acknowledges]) {
    const items = new Channel<Item>(0)
    const processed: number[] = []
    const ahead: number[] = []
    const produce = async (): Promise<void> => {
      for (let value = 0; value < 5; value++) {
        const done = new Channel<true>(1)
        await items.send({ value, done })
        await done.receive()
        ahead.push(value + 1 - processed.length)
      }
      items.close()
    }
    const produced = produce()
    const consumed = consume(items, processed)
    await turns(20)
    const isRight = consume === acknowledges
    t.is(await standing(produced), isRight ? 'fulfilled' : 'pending')
    t.deepEqual(processed, isRight ? [0, 1, 2, 3, 4] : [])
    // Answered means processed: the producer is never ahead of that.
    t.deepEqual(ahead, isRight ? [0, 0, 0, 0, 0] : [])
    if (isRight) await consumed
  }
})
