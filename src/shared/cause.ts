// What a channel was closed or canceled with, on its way to other threads. An error arrives as a clone with its name, message, stack, cause
// and code; what can't be cloned arrives as an error with its text.
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import type { Bytes } from '../process/byte-types.ts'

interface Sent {
  readonly token: string
  readonly value: unknown
  /** What a clone of an error does not keep. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** The causes that one instance gave, and the one it was told of: each is the same value every time. */
export class Causes {
  readonly #own = new Map<string, unknown>()
  #told: { readonly value: unknown } | undefined

  /** Undefined is no cause. */
  encode(value: unknown): Bytes | undefined {
    if (value === undefined) return undefined
    const token = randomUUID()
    this.#own.set(token, value)
    return encode(token, value)
  }

  /** The very value if it came from this instance, a clone otherwise. */
  decode(bytes: Bytes | null): unknown {
    if (bytes === null) return undefined
    if (this.#told === undefined) {
      const { token, value, fields } = deserialize(bytes) as Sent
      this.#told = { value: this.#own.has(token) ? this.#own.get(token) : restored(value, fields) }
    }
    return this.#told.value
  }
}

function encode(token: string, value: unknown): Bytes {
  const fields: Record<string, unknown> = {}
  if (value instanceof Error) {
    for (const key of ['name', 'code'] as const) {
      const field = orUndefined(() => Reflect.get(value, key) as unknown)
      if (typeof field === 'string' || typeof field === 'number') fields[key] = field
    }
  }
  try {
    return serialize({ token, value, fields } satisfies Sent)
  } catch {
    const told = orUndefined(() => new Error(value instanceof Error ? value.message : inspect(value)))
    return serialize({ token, value: told ?? new Error(), fields } satisfies Sent)
  }
}

/** A getter of the value may throw; the channel ends all the same. */
function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

function restored(value: unknown, fields: Sent['fields']): unknown {
  if (value instanceof Error) {
    for (const [key, field] of Object.entries(fields)) {
      if (Reflect.get(value, key) !== field) {
        Object.defineProperty(value, key, { value: field, writable: true, configurable: true })
      }
    }
  }
  return value
}
