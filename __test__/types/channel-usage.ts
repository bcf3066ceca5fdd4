// What users write about channels. It is compiled, never run: each line that must not compile says so.
import { Channel, RefusedError, select, type Receiver, type Sender } from '../../src/channel/index.ts'

export async function channels(): Promise<unknown[]> {
  const channel = new Channel<number>({
    capacity: 100,
    overflow: 'drop-oldest',
    onDrop: (value, reason) => void [value.toFixed(), reason],
  })
  const sender: Sender<number> = channel
  const receiver: Receiver<number> = channel
  await sender.send(1)
  const outcome: 'sent' | 'full' | 'closed' | 'dropped' = channel.trySend(2)
  for await (const value of receiver) value.toFixed()
  {
    using permit = await channel.reserve({ count: 2, timeout: 100 })
    permit.send(3)
  }
  const step = await channel.receive()
  if (step.done !== true) step.value.toFixed()
  const values: number[] = await channel.receiveMany(10, { min: 2, maxDelay: 50 })
  // @ts-expect-error it carries numbers
  await channel.send('text')
  // @ts-expect-error no capacity, no channel
  void new Channel<number>({})
  // @ts-expect-error there is no such policy
  void new Channel<number>({ capacity: 1, overflow: 'dropOldest' })
  return [outcome, values]
}

export async function selections(): Promise<unknown[]> {
  const numbers = new Channel<number>(1)
  const texts = new Channel<string>(1)
  const chosen = await select({ numbers, put: { send: texts, value: 'a' } }, { timeout: 100, fair: true })
  if (chosen.case === 'numbers' && !chosen.done) chosen.value.toFixed()
  if (chosen.case === 'numbers' && chosen.done) chosen.value satisfies undefined
  if (chosen.case === 'put') chosen.done satisfies false
  const same = await select({ a: numbers, b: { send: numbers, value: 3 } })
  if (same.case === 'a' && !same.done) same.value.toFixed()
  // @ts-expect-error the channel carries text
  await select({ put: { send: texts, value: 1 } })
  // @ts-expect-error there is no such case
  return [same, chosen.case === 'other']
}

export async function refused(channel: Channel<number>): Promise<unknown> {
  return channel
    .send(1)
    .catch((error: unknown) => error instanceof RefusedError && error.code === 'ERR_CHANNEL_FULL' && error.value)
}
