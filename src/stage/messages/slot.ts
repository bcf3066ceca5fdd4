// Which of several workers the messages of a key go to.

/** Whole numbers go round, everything else by its text. */
export function slotOf(key: string | number, slots: number): number {
  if (typeof key === 'number' && Number.isSafeInteger(key)) return Math.abs(key) % slots
  let hash = 0
  for (const character of String(key)) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0
  return Math.abs(hash) % slots
}
