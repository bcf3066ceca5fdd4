// How much of a long run is run: all of it, or the part that SLUICEGATE_STRESS names.

const share = Number(process.env['SLUICEGATE_STRESS'] ?? 1)
if (!(share > 0 && share <= 1)) throw new Error(`SLUICEGATE_STRESS must be over 0 and at most 1, not ${share}`)

/** The count of a full run, made smaller. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * share))
}
