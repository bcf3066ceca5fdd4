// What a child's terminal shows: types into it, and waits until something stands there.

import type { ByteReader, ByteWriter } from '../../index.ts'

/** Longer than any program takes to answer; only one that never does waits for it. */
const DEADLINE = 20_000

export class Screen {
  readonly #stdin: ByteWriter
  readonly #stdout: ByteReader
  readonly #decoder = new TextDecoder()
  /** Shown, and not yet waited for. */
  #text = ''

  constructor({ stdin, stdout }: { readonly stdin: ByteWriter; readonly stdout: ByteReader }) {
    this.#stdin = stdin
    this.#stdout = stdout
  }

  /** What a person does at the keyboard. */
  async type(keys: string): Promise<void> {
    await this.#stdin.write(keys)
  }

  /** Reads until the pattern stands there, and gives the match. What is up to its end was waited for. */
  async shows(pattern: RegExp | string): Promise<RegExpExecArray> {
    const wanted = typeof pattern === 'string' ? new RegExp(escaped(pattern), 'u') : pattern
    for (;;) {
      const found = wanted.exec(this.#text)
      if (found) {
        this.#text = this.#text.slice(found.index + found[0].length)
        return found
      }
      const chunk = await this.#stdout.read({ timeout: DEADLINE }).catch((cause: unknown) => {
        throw new Error(`${wanted} was never shown after:\n${JSON.stringify(this.#text)}`, { cause })
      })
      if (chunk === null) throw new Error(`the terminal ended before ${wanted}:\n${JSON.stringify(this.#text)}`)
      this.#text += this.#decoder.decode(chunk, { stream: true })
    }
  }

  /** Everything to the end. */
  async rest(): Promise<string> {
    const rest = this.#text + (await this.#stdout.text({ timeout: DEADLINE }))
    this.#text = ''
    return rest
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/gu, String.raw`\$&`)
}
