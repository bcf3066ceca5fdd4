// Which outlet belongs to which public stage. Only stages of ours have one.
import { invalidOption } from '../errors.ts'
import type { Outlet } from './outlet.ts'
import type { Producer } from './types.ts'

const outlets = new WeakMap<object, Outlet<unknown>>()

export function registerOutlet<O>(stage: Producer<O>, outlet: Outlet<O>): void {
  outlets.set(stage, outlet)
}

export function outletOf<O>(stage: Producer<O>): Outlet<O> {
  const outlet = stage !== null && typeof stage === 'object' ? outlets.get(stage) : undefined
  if (outlet === undefined) throw invalidOption('producer', 'a producer or a producerConsumer', stage)
  // It was registered for this very stage, whose events it has.
  return outlet as unknown as Outlet<O>
}
