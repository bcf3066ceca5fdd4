// Round trips, one after the other: how long each takes.

/** In µs. */
export async function roundTrips(isQuick, once) {
  const us = []
  for (let i = 0; i < (isQuick ? 3000 : 15_000); i++) {
    const began = performance.now()
    await once()
    us.push((performance.now() - began) * 1000)
  }
  return us
}
