// What a record of a journal may be: who writes a journal refuses the rest, and who hands records to one does so before they stand in a group.

/** Length, kind, flags, length of the name, sequence, epoch. */
export const FIXED_BYTES = 24

/** The most of one record, and of the records of one append. */
export const LARGEST_RECORD: number = 64 * 1024 * 1024
export const LARGEST_APPEND: number = 256 * 1024 * 1024
export const LARGEST_NAME = 0xffff

/** The bytes of a processor's name; undefined for one that is too long, or has a lone surrogate: it would come back as another name. */
export function nameLength(name: string): number | undefined {
  const bytes = Buffer.from(name.slice(0, LARGEST_NAME + 1))
  return bytes.byteLength > LARGEST_NAME || bytes.toString() !== name ? undefined : bytes.byteLength
}
