// The two shapes of load for what runs jobs: bursts that wait in line, and one job after the other. Both give millions a second.
const BURST = 1000

export async function bursts(isQuick, submit) {
  const count = isQuick ? 100 : 400
  const began = performance.now()
  for (let i = 0; i < count; i++) {
    const jobs = []
    for (let job = 0; job < BURST; job++) jobs.push(submit(job))
    await Promise.all(jobs)
  }
  return (count * BURST) / 1000 / (performance.now() - began)
}

export async function inTurn(isQuick, submit) {
  const count = isQuick ? 100_000 : 400_000
  const began = performance.now()
  for (let job = 0; job < count; job++) await submit(job)
  return count / 1000 / (performance.now() - began)
}
