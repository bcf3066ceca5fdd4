// Handles that were collected as garbage before they were closed: whoever waits for that waits for ever, so it is told. It changes nothing.
import { warn } from '../callback.ts'

interface Lost {
  readonly kind: string
  readonly name: string
}

const lost = new FinalizationRegistry<Lost>(({ kind, name }) => {
  const of = name === '' ? 'a channel' : `the channel ${JSON.stringify(name)}`
  warn(`A ${kind} of ${of} was collected as garbage and had not been closed, so that channel will not end by itself`)
})

export function watchHandle(handle: object, kind: 'sender' | 'receiver', name: string): void {
  lost.register(handle, { kind, name }, handle)
}

export function forgetHandle(handle: object): void {
  lost.unregister(handle)
}
