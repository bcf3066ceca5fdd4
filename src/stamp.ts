// The time for accounts that are kept for every operation, where reading the clock costs about as much as the operation.

// Within one run of microtasks the clock is read at every call if calls are further apart than this, and less and less often if not.
const CLOSE_MS = 0.05
const LONGEST_STEP = 16

let last = 0
let isFresh = false
let step = 1
let left = 0
const expire = (): void => {
  isFresh = false
}

/** The time, or that of a call a few before in the same run of microtasks. Long spans keep their length; which of two neighbours one belongs to may blur. */
export function stamp(): number {
  if (isFresh && left > 0) {
    left -= 1
    return last
  }
  const now = performance.now()
  // Runs when no microtask is left, so nothing that waited for the event loop gets an old time.
  if (!isFresh) process.nextTick(expire)
  step = isFresh && now - last < CLOSE_MS ? Math.min(step * 2, LONGEST_STEP) : 1
  isFresh = true
  last = now
  left = step - 1
  return now
}
