// What is executed: file, args, argv0, shell, cwd. The PATH is searched by the guard, in the child's environment.
import { invalidOption } from '../../errors.ts'
import { shellCommand } from '../shell.ts'
import { pathOption, textOption } from './check.ts'

export interface CommandLine {
  /** As it was given; what errors name. */
  readonly file: string
  readonly args: readonly string[]
  /** `file` is a text for a shell. */
  readonly shell: boolean
  /** What is exec'd, and its argv, each followed by a NUL. */
  readonly program: string
  readonly argv: string
}

export function commandLine(file: unknown, args: unknown, argv0: unknown, shell: unknown): CommandLine {
  const path = pathOption('file', file)
  const words = argsOption(args)
  const through = shellOption(shell, words)
  const target = through === false ? { file: path, args: words } : shellCommand(path, through)
  let argv = `${argv0 === undefined ? target.file : textOption('argv0', argv0)}\0`
  for (const word of target.args) argv += `${word}\0`
  return { file: path, args: words, shell: through !== false, program: target.file, argv }
}

function argsOption(args: unknown): readonly string[] {
  if (args === undefined) return []
  if (!Array.isArray(args)) throw invalidOption('args', 'an array of strings', args)
  const words: string[] = []
  for (let index = 0; index < args.length; index++) words.push(textOption(`args[${index}]`, args[index]))
  return words
}

function shellOption(shell: unknown, args: readonly string[]): true | false | string {
  if (shell === undefined || shell === false) return false
  const name = shell === true ? true : pathOption('shell', shell)
  // A shell takes one text. Joining args to it would let their content be parsed.
  if (args.length > 0) throw invalidOption('args', 'empty together with `shell`, which takes one text as file', args)
  return name
}

/** '' stands for the current directory. */
export function cwdOption(cwd: unknown): string {
  return cwd === undefined ? '' : pathOption('cwd', cwd)
}
