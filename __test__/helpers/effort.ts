// How long a property looks for a counterexample: a fixed number of runs, or, for `npm run fuzz`, that number again and again for a time.
import fc from 'fast-check'

const seconds = Number(process.env['SLUICEGATE_FUZZ_SECONDS'] ?? 0)
if (!(seconds >= 0)) throw new Error(`SLUICEGATE_FUZZ_SECONDS must be a number of seconds, not ${seconds}`)

/** What a test with such a property may take: `t.timeout`. */
export const patience: number = 120_000 + seconds * 1000

/** Rejects with the smallest counterexample. No run is left unfinished when the time is over. */
export async function holds<T>(property: fc.IProperty<T> | fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  do await fc.assert(property as fc.IAsyncProperty<T>, { numRuns })
  while (performance.now() < until)
}
