// A channel's sender as the target of a transfer. A failed source closes it with that error.
import type { Sender } from '../channel/types.ts'
import { SluiceError } from '../errors.ts'
import { Ends } from './ends.ts'
import { Watch, type Sink } from './sink.ts'

const ends = new Ends<{ readonly closed: Promise<void> }>(sender =>
  sender.closed.then(() => new SluiceError('ERR_CHANNEL_CLOSED', 'the target was closed')),
)

export function senderSink<T>(sender: Sender<T>): Sink<T> {
  const watch = new Watch()
  return {
    keepsWhatItGot: false,
    taken: 0,
    put: (value, wait) => sender.send(value, wait),
    pass(value, wait) {
      const outcome = sender.trySend(value)
      return outcome === 'sent' || outcome === 'dropped' ? undefined : sender.send(value, wait)
    },
    watch(gone) {
      watch.set(gone)
      ends.tell(sender, watch)
    },
    close: async () => {
      ends.forget(sender, watch)
      sender.close()
    },
    abort: error => {
      ends.forget(sender, watch)
      sender.close(error)
    },
    detach: () => ends.forget(sender, watch),
  }
}
