// The time for accounts that are kept for every operation, where reading the clock would cost as much as the operation.

let last = 0
let isFresh = false
const settled = Promise.resolve()
const expire = (): void => {
  isFresh = false
}

/** The time of the first call since the microtasks that were queued by then have run: those that end together end at one time. */
export function stamp(): number {
  if (isFresh) return last
  isFresh = true
  last = performance.now()
  void settled.then(expire)
  return last
}
