// The grammar of a script template: text to words. Values are never parsed; nothing is expanded and no shell is involved.
import { fileURLToPath } from 'node:url'
import { invalidOption } from '../errors.ts'

/** What may stand in a script template. A URL is its path when it is a file: URL, else its text. */
export type ScriptValue = string | number | URL | readonly (string | number | URL)[]

const SHELL_CHARACTERS: ReadonlySet<string> = new Set(['|', '>', '<', '&', ';', '*', '~', '`'])
const BLANKS: ReadonlySet<string> = new Set([' ', '\t', '\n', '\r'])

/** Words under construction. A word exists once a character, a quote or a value has opened it. */
class Words {
  readonly done: string[] = []
  #word: string | undefined

  add(text: string): void {
    this.#word = (this.#word ?? '') + text
  }

  end(): void {
    if (this.#word !== undefined) this.done.push(this.#word)
    this.#word = undefined
  }
}

/**
 * `'…'` and `"…"` quote, blanks separate. A value joins the text it touches; of an array, the first element joins what is to its left
 * and the last what is to its right, and an empty one adds nothing.
 */
export function scriptWords(strings: readonly (string | undefined)[], values: readonly unknown[]): string[] {
  const words = new Words()
  let quote = ''
  for (const [index, text] of strings.entries()) {
    if (text === undefined) throw invalidOption('script', 'text without an invalid escape', strings)
    quote = readText(text, quote, words)
    if (index < values.length) addValue(values[index], words)
  }
  if (quote !== '') throw invalidOption('script', `text with a closing ${quote}`, strings.join('…'))
  words.end()
  if (words.done.length === 0) throw invalidOption('script', 'text with a command in it', strings.join('…'))
  return words.done
}

function readText(text: string, quoteBefore: string, words: Words): string {
  let quote = quoteBefore
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (quote !== '') {
      if (character === quote) quote = ''
      else words.add(character)
    } else if (character === "'" || character === '"') {
      quote = character
      words.add('')
    } else if (BLANKS.has(character)) {
      words.end()
    } else {
      refuseShell(character, text, index)
      words.add(character)
    }
  }
  return quote
}

function refuseShell(character: string, text: string, index: number): void {
  const substitution = character === '$' && text.charAt(index + 1) === '('
  if (!substitution && !SHELL_CHARACTERS.has(character)) return
  const found = substitution ? '$(' : character
  throw invalidOption(
    'script',
    `free of unquoted ${found} (use .pipe() to connect commands, the option \`shell\` for a shell's syntax, or quotes)`,
    text,
  )
}

function addValue(value: unknown, words: Words): void {
  if (!Array.isArray(value)) return words.add(valueText(value))
  for (const [index, element] of value.entries()) {
    if (index > 0) words.end()
    words.add(valueText(element))
  }
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (value instanceof URL) return value.protocol === 'file:' ? fileURLToPath(value) : value.href
  throw invalidOption('script', 'a string, a number, a URL or an array of those as value', value)
}
