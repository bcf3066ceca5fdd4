// Which member of a pipe failed, if one did. A single child is a pipe of one.
import type { ProcessError } from '../errors.ts'
import { processFailed } from './failure.ts'
import type { Life } from './life.ts'
import type { AnyResult, Exit } from './types.ts'

const SIGPIPE_EXIT = 141

/**
 * The last one that failed. A member that died of writing to a successor that had enough (`yes | head -1`) did nothing wrong,
 * provided that successor ended well itself.
 */
export function failedMember(exits: readonly Exit[]): number | undefined {
  let successorIsWell = false
  for (let index = exits.length - 1; index >= 0; index--) {
    const exit = exits[index]
    if (exit === undefined) continue
    const isWell: boolean = exit.ok || (successorIsWell && diedOfPipe(exit))
    if (!isWell) return index
    successorIsWell = isWell
  }
  return undefined
}

function diedOfPipe(exit: Exit): boolean {
  return exit.signal === 'SIGPIPE' || exit.exitCode === SIGPIPE_EXIT
}

/** The rejection of a pipe, or undefined when it ended well. What we ended it for comes before what that did to its members. */
export function verdict(members: readonly Life[], results: readonly AnyResult[]): ProcessError | undefined {
  const troubled = members.findIndex(life => life.trouble !== undefined)
  const index = troubled >= 0 ? troubled : failedMember(results)
  if (index === undefined) return undefined
  const life = members[index]
  const result = results[index]
  return life && result ? processFailed(result, life.settings, life.trouble) : undefined
}
