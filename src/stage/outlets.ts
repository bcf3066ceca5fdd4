// Which outlet belongs to which public stage. Only stages of ours have one.
import { invalidOption } from '../errors.ts'
import type { Outlet } from './outlet.ts'
import type { Producer } from './types.ts'

const outlets = new WeakMap<object, Outlet<unknown>>()

export function registerOutlet<O>(stage: Producer<O>, outlet: Outlet<O>): void {
  // An outlet of one kind of events is kept as one of any, and given back below as what it was.
  outlets.set(stage, outlet as unknown as Outlet<unknown>)
}

export function outletOf<O>(stage: Producer<O>): Outlet<O> {
  const outlet = stage !== null && typeof stage === 'object' ? outlets.get(stage) : undefined
  if (outlet === undefined) throw invalidOption('producer', 'a producer or a producerConsumer', stage)
  return outlet as unknown as Outlet<O>
}
