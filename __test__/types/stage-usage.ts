// What users write about stages. It is compiled, never run: each line that must not compile says so.
import {
  Channel,
  consumer,
  messages,
  producer,
  producerConsumer,
  run,
  taskConsumer,
  type CustomDispatcher,
  type Dispatcher,
} from '../../index.ts'

export async function stages(): Promise<unknown[]> {
  const numbers = producer(
    (function* () {
      yield 1
      yield 2
    })(),
  )
  const strings = producerConsumer<number, string>(events => events.map(String), { dispatcher: { type: 'broadcast' } })
  const print = consumer<string>(async events => {
    events[0]?.length.toFixed()
  })
  const subscription = await strings.subscribeTo(numbers, { maxDemand: 10, minDemand: 5 })
  await print.subscribeTo(strings, { selector: event => event.length > 1 })
  const hash = taskConsumer<string>(async file => await run('sha256sum', [file]), { retry: { attempts: 2 } })
  await hash.subscribeTo(strings, { maxDemand: 4 })
  // @ts-expect-error a consumer emits nothing
  print.emit([])
  // @ts-expect-error a string would mean its characters
  producerConsumer<number, string>(events => events.join())
  // @ts-expect-error numbers are not for it
  await print.subscribeTo(numbers)
  const any = consumer<string | number>(() => {})
  await any.subscribeTo(numbers)
  for await (const text of strings.events({ maxDemand: 1 })) text.trim()
  const waiting = producer<string>(new Channel<string>(1))
  const called = producer<number>(async (demand, { signal }) => (signal.aborted ? null : [demand]))
  const expanded = producerConsumer<number, number>(async function* (events) {
    yield* events
  })
  const partition: Dispatcher<number> = { type: 'partition', partitions: ['a', 'b'], hash: n => (n > 1 ? 'a' : null) }
  const own: CustomDispatcher<number> = {
    type: 'custom',
    ask: (_id, count) => count,
    cancel: () => 0,
    subscribe: () => {},
    dispatch: events => ({ deliveries: [], leftover: events }),
  }
  await using flow = messages(numbers, { ack: (successful, failed) => void [successful[0]?.data, failed.length] })
  return [subscription.id, waiting, called, expanded, partition, own, flow.pending]
}
