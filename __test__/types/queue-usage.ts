// What users write about permits, queues and batches. It is compiled, never run: each line that must not compile says so.
import { batch, Channel, limit, Semaphore, WorkQueue, type Permit } from '../../index.ts'

export async function permits(): Promise<unknown[]> {
  const semaphore = new Semaphore(4, { name: 'files' })
  {
    using permit = await semaphore.acquire({ permits: 2, timeout: 100 })
    permit.permits.toFixed()
  }
  const tried: Permit | undefined = semaphore.tryAcquire()
  const text: string = await semaphore.with(() => 'x', { permits: 2 })
  const four = limit(4)
  const body: string = await four(async () => 'x', { timeout: 100 })
  four.concurrency = 5
  // @ts-expect-error it is counted
  four.running = 1
  return [tried, text, body]
}

export async function queues(): Promise<unknown[]> {
  const queue = new WorkQueue<string, number>(
    async (url, { signal, attempt }) => (signal.aborted ? attempt : url.length),
    {
      concurrency: 8,
      capacity: 100,
      overflow: 'drop-oldest',
      rate: { limit: 10, interval: 1000, burst: 2 },
      retry: { attempts: 3, retryIf: error => error instanceof TypeError },
      onDrop: (job, reason) => void [job.length, reason],
    },
  )
  const length: number = await (await queue.offer('x')).result
  const same: number = await queue.submit('x', { priority: 1, key: 'x', timeout: 100 })
  const tried: { readonly result: Promise<number> } | undefined = queue.tryOffer('x')
  const inferred = new WorkQueue((job: { id: number }) => job.id, { concurrency: 1 })
  const id: number = await inferred.submit({ id: 1 })
  const any: WorkQueue<{ id: number }> = inferred
  const unknownResult = new WorkQueue<string>(async url => url.length, { concurrency: 1 })
  // @ts-expect-error it takes text
  await queue.submit(1)
  // @ts-expect-error how many at once is to be said
  void new WorkQueue(() => 1, {})
  await using scoped = new WorkQueue<string>(() => undefined, { concurrency: 1 })
  return [length, same, tried, id, any, unknownResult, scoped]
}

export async function batches(): Promise<void> {
  const channel = new Channel<number>(10)
  for await (const some of batch(channel, { maxSize: 100, maxDelay: 50, key: value => value % 2 })) some[0]?.toFixed()
  // @ts-expect-error a batch has a size
  batch(channel, {})
  // @ts-expect-error strings are no source of items
  batch('text', { maxSize: 1 })
}
