// Whether the environment of the process is this thread's alone. A worker has a copy that only JavaScript can see, unless it was started
// with SHARE_ENV: then it changes the process's own, which may be read under Node's lock only, so not natively.
import { subscribe } from 'node:diagnostics_channel'
import { isMainThread } from 'node:worker_threads'

let isOurs = isMainThread

// Nothing tells what a worker was started with, so every worker counts, from its beginning on.
subscribe('worker_threads', () => {
  isOurs = false
})

/** True on the main thread as long as no worker has been started. */
export function isEnvironmentOurs(): boolean {
  return isOurs
}
