// Starts the children of a pipe together, or none: one that can't be started ends the rest. What they become is up to the caller.
import { invalidOption } from '../errors.ts'
import type { NativeSpawnRequest } from '../native/index.ts'
import { admit, isLimited, type Release } from './admission.ts'
import type { Endpoint } from './endpoint.ts'
import { givenUp, notRequested } from './failure.ts'
import { Life } from './life.ts'
import type { Settings } from './options.ts'
import { choiceOption, isObject } from './options/check.ts'
import { spawnRequests } from './request.ts'
import { checkGivenUp, started } from './spawn.ts'

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
  const last = settings.length - 1
  const releases = isLimited(settings) ? await admitted(settings, waiting?.left) : NONE
  try {
    for (const [index, request] of requestAll(settings, waiting).entries()) {
      const life = new Life(settings[index] as Settings, request, index === last ? waiting?.endpoint : undefined)
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

/** All that can be refused is found before any of them is asked for: one side of a link would wait for the other. */
function requestAll(settings: readonly Settings[], waiting: Waiting | undefined): NativeSpawnRequest[] {
  const [first] = settings as readonly [Settings]
  if (waiting?.left.aborted) throw givenUp('terminate', first)
  for (const one of settings) checkGivenUp(one)
  try {
    return spawnRequests(settings)
  } catch (cause) {
    throw notRequested(cause, first)
  }
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
