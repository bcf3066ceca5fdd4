// The numbers that bound a stage when nobody names others.

/** Events that a subscription asks for. */
export const MAX_DEMAND = 1000
/** Events that a producer keeps unasked. */
export const BUFFER_SIZE = 10_000
/** Events taken from a source at once, however many are asked for. */
export const LARGEST_PULL = 10_000
