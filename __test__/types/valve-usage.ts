// What users write about valves. It is compiled, never run: each line that must not compile says so.
import { Channel, PressureAuthority, spawn, Valve, WorkQueue, type PressureLease, type Sender } from '../../index.ts'

export async function valves(): Promise<unknown[]> {
  const { valve, authority } = Valve.create({ name: 'disk', onDeadlock: 'throw', stallAfter: 1000 })
  {
    using lease = authority.apply('slow disk', { maxHold: 100 })
    lease.reason.trim()
  }
  const kept: PressureLease = authority.apply()
  const channel = new Channel<number>(10)
  const child = await spawn('cat')
  authority.apply('child', { owner: child })
  authority.apply('signal', { owner: AbortSignal.timeout(10) })
  using watching = authority.watch(channel, { high: 0.9, low: 0.5 })
  authority.watch(new WorkQueue<string, number>(async job => job.length, { concurrency: 1 }), { high: 1, low: 0 })
  const guarded: Sender<number> = valve.guard(channel)
  // @ts-expect-error it sends numbers
  await guarded.send('x')
  // @ts-expect-error who has the valve can't apply
  valve.apply()
  // @ts-expect-error it is made by Valve.create()
  const forged = new PressureAuthority()
  await valve.feeds(Valve.create().valve).opened({ timeout: 10 })
  for await (const event of valve.events({ capacity: 10 })) if (event.type === 'deadlock') event.path?.join()
  return [kept, watching, forged, valve.holders()[0]?.heldMs.toFixed(), valve.metrics().feeds.join()]
}
