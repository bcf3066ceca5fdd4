// Names of tables: their check, and how they stand in a statement.
import { invalidOption } from '../../errors.ts'

/** A table, perhaps in a schema that is named. */
export interface TableName {
  readonly schema: string | undefined
  readonly name: string
}

/** Longer ones are cut by the server, without a word. */
const LONGEST = 63

/** `name` or `schema.name`, taken literally: capital letters and spaces count. `room` is kept for what is added to the name. */
export function tableName(option: string, value: unknown, room = 0): TableName {
  const parts = typeof value === 'string' && !/[\0\p{Surrogate}]/u.test(value) ? value.split('.') : []
  const [first, second] = parts
  const name = second ?? first
  const schema = second === undefined ? undefined : first
  if (parts.length > 2 || !fits(name, LONGEST - room) || (second !== undefined && !fits(schema, LONGEST))) {
    throw invalidOption(option, `a name of at most ${LONGEST - room} bytes, perhaps behind a schema and a dot`, value)
  }
  return { schema, name }
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

/** As it stands in a statement. */
export function inSql({ schema, name }: TableName, suffix = ''): string {
  const table = quoted(name + suffix)
  return schema === undefined ? table : `${quoted(schema)}.${table}`
}

function fits(identifier: string | undefined, longest: number): identifier is string {
  return identifier !== undefined && identifier !== '' && Buffer.byteLength(identifier) <= longest
}
