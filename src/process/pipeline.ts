// Starts the children of a pipe together, or none: one that can't be started ends the rest. What they become is up to the caller.
import { invalidOption } from '../errors.ts'
import { admit, isLimited, type Release } from './admission.ts'
import type { Endpoint } from './endpoint.ts'
import { givenUp } from './failure.ts'
import type { Life } from './life.ts'
import type { Settings } from './options.ts'
import { choiceOption, isObject } from './options/check.ts'
import { begin, checkGivenUp, started } from './spawn.ts'

const NONE: readonly Release[] = []

/** An endpoint for a stdout that is not there yet. */
export interface Waiting {
  readonly endpoint: Endpoint
  /** Aborted once nobody will read from it any more. */
  readonly left: AbortSignal
}

export function fromOption(options: unknown): 'stdout' | 'stderr' {
  if (options === undefined) return 'stdout'
  if (!isObject(options)) throw invalidOption('options', 'an object', options)
  const { from, ...others } = options
  for (const name of Object.keys(others)) throw invalidOption(name, 'a known option', others[name])
  return choiceOption('from', from, ['stdout', 'stderr'], 'stdout')
}

/** First to last. `waiting`: who waits for the last one's stdout; one that was left meanwhile starts nothing. */
export async function launchPipe(settings: readonly Settings[], waiting?: Waiting): Promise<Life[]> {
  const members: Life[] = []
  const releases = isLimited(settings) ? await admitted(settings, waiting?.left) : NONE
  try {
    for (const [index, one] of settings.entries()) {
      if (waiting?.left.aborted) throw givenUp('terminate', one)
      const life = begin(one, index === settings.length - 1 ? waiting?.endpoint : undefined)
      life.onOver = releases[index]
      members.push(life)
    }
    await Promise.all(members.map(life => life.whenStarted))
  } catch (error) {
    for (const release of releases.slice(members.length)) release()
    await Promise.all(members.map(discard))
    throw error
  }
  for (const life of members) {
    life.onTrouble = () => {
      for (const other of members) if (other !== life) void other.end('failure', other.settings)
    }
  }
  return await Promise.all(members.map(started))
}

async function admitted(settings: readonly Settings[], left: AbortSignal | undefined): Promise<readonly Release[]> {
  for (const one of settings) checkGivenUp(one)
  return await admit(settings, left)
}

/** Ends what nobody will get a handle of. */
async function discard(life: Life): Promise<void> {
  await life.end('failure', life.settings)
  life.ends?.discard()
}
