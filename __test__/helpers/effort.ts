// How long a property looks for a counterexample: a fixed number of runs, or, for `npm run fuzz`, a time.

const seconds = Number(process.env['SLUICEGATE_FUZZ_SECONDS'] ?? 0)
if (!(seconds >= 0)) throw new Error(`SLUICEGATE_FUZZ_SECONDS must be a number of seconds, not ${seconds}`)

/** Parameters of `fc.assert`. */
export function effort(numRuns: number): { numRuns: number; interruptAfterTimeLimit?: number } {
  return seconds === 0 ? { numRuns } : { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: seconds * 1000 }
}

/** What a test with such a property may take: `t.timeout`. */
export const patience: number = 120_000 + seconds * 1000
