// What users write about values between threads. It is compiled, never run: each line that must not compile says so.
import { SharedChannel, SharedSemaphore, type SharedHandle } from '../../src/shared/index.ts'

export async function channels(handle: SharedHandle<'channel', string>): Promise<unknown[]> {
  const bytes: SharedChannel<Uint8Array> = new SharedChannel({ capacity: 64 })
  await bytes.send(Buffer.from('text'))
  const text = new SharedChannel({ capacity: 64, maxBytes: 1000, overflow: 'drop-oldest', codec: 'utf8' })
  await text.send('a', { timeout: 100 })
  const objects = new SharedChannel<{ id: number }>({ capacity: 64, codec: 'structured' })
  const again = SharedChannel.from(objects.handle)
  const ids: number[] = (await again.receiveMany(10, { maxDelay: 5 })).map(({ id }) => id)
  for await (const value of SharedChannel.from(handle)) value.toUpperCase()
  {
    using permit = await text.reserve()
    permit.send('b')
  }
  await using disposed = SharedChannel.from(handle)
  // @ts-expect-error it carries bytes
  await bytes.send('text')
  // @ts-expect-error it carries objects
  await again.send({ name: 'x' })
  // @ts-expect-error no capacity, no channel
  void new SharedChannel({ codec: 'utf8' })
  // @ts-expect-error callbacks can't go to other threads
  void new SharedChannel({ capacity: 1, onDrop: () => {} })
  return [ids, disposed, text.metrics().sendWaitMs.max]
}

export async function semaphores(handle: SharedHandle<'channel'>): Promise<unknown> {
  await using semaphore = new SharedSemaphore(4)
  using permit = await SharedSemaphore.from(semaphore.handle).acquire({ permits: 2, timeout: 100 })
  // @ts-expect-error the handle of a channel
  void SharedSemaphore.from(handle)
  return [permit.permits, semaphore.tryAcquire()?.permits, semaphore.available]
}
