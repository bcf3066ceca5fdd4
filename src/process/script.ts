// `$`: a command from a template, which runs when it is awaited. The grammar is in script-words.ts.
import { invalidOption } from '../errors.ts'
import { Command, command, type AnyCommand } from './command.ts'
import { takeOptions } from './options.ts'
import { scriptWords, type ScriptValue } from './script-words.ts'
import type { AnyResult, Result, RunOptions } from './types.ts'

/** A command that runs when it is awaited, once; later awaits give the same result. Never started by creation. */
export interface ScriptCommand<O = {}> extends Command<O>, Promise<Result<O>> {}

/** What `$` is: a tag of templates, or, with options, a function that gives one. */
export interface Script {
  (strings: TemplateStringsArray, ...values: readonly ScriptValue[]): ScriptCommand
  <const O extends RunOptions>(
    options: O,
  ): (strings: TemplateStringsArray, ...values: readonly ScriptValue[]) => ScriptCommand<O>
}

const runs = new WeakMap<AnyCommand, Promise<AnyResult>>()

/** Made by the first await, so that a script that is only piped on starts nothing by itself. */
function runOf(script: AnyCommand): Promise<AnyResult> {
  let run = runs.get(script)
  if (run === undefined) {
    run = script.run()
    runs.set(script, run)
  }
  return run
}

const promiseMembers = {
  // oxlint-disable-next-line unicorn/no-thenable -- awaiting a script is what it is for
  then(this: AnyCommand, fulfilled?: never, rejected?: never): Promise<unknown> {
    return runOf(this).then(fulfilled, rejected)
  },
  catch(this: AnyCommand, rejected?: never): Promise<unknown> {
    return runOf(this).catch(rejected)
  },
  finally(this: AnyCommand, done?: never): Promise<unknown> {
    return runOf(this).finally(done)
  },
  [Symbol.toStringTag]: 'ScriptCommand',
}
const scriptPrototype: object = Object.create(
  Command.prototype,
  Object.getOwnPropertyDescriptors(promiseMembers),
) as object

function scriptCommand(
  strings: readonly (string | undefined)[],
  values: readonly unknown[],
  options: RunOptions,
): AnyCommand & PromiseLike<AnyResult> {
  const [file = '', ...args] = scriptWords(strings, values)
  return Object.setPrototypeOf(command(file, args, options), scriptPrototype) as AnyCommand & PromiseLike<AnyResult>
}

/**
 * A command from a template: words to argv, `'…'` and `"…"` quote, and no shell is involved. A value is never parsed: it joins the text it
 * touches. An array spreads into words, of which the first joins what is to its left and the last what is to its right. `''` is an empty
 * word. Unquoted `|`, `>`, `<`, `&`, `;`, `*`, `~`, `$(` and backticks throw ERR_INVALID_OPTION.
 *
 * @example
 * const { stdout } = await $`grep ${pattern} ${files}`
 */
export const $: Script = ((first: unknown, ...values: unknown[]): unknown => {
  if (isTemplate(first)) return scriptCommand(first, values, {})
  const options = takeOptions(first)
  return (strings: unknown, ...inner: unknown[]): unknown => {
    if (!isTemplate(strings)) throw invalidOption('script', 'a template', strings)
    return scriptCommand(strings, inner, options)
  }
}) as Script

function isTemplate(value: unknown): value is readonly (string | undefined)[] {
  return Array.isArray(value) && 'raw' in value
}
