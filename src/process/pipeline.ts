// Starts the children of a pipe together, or none: one that can't be started ends the rest. What they become is up to the caller.
import { invalidOption } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'
import type { Life } from './life.ts'
import type { Settings } from './options.ts'
import { choiceOption, isObject } from './options/check.ts'
import { begin, started } from './spawn.ts'

export function fromOption(options: unknown): 'stdout' | 'stderr' {
  if (options === undefined) return 'stdout'
  if (!isObject(options)) throw invalidOption('options', 'an object', options)
  const { from, ...others } = options
  for (const name of Object.keys(others)) throw invalidOption(name, 'a known option', others[name])
  return choiceOption('from', from, ['stdout', 'stderr'], 'stdout')
}

/** First to last. `stdout`: an endpoint that waits for the last one's. */
export async function launchPipe(settings: readonly Settings[], stdout?: Endpoint): Promise<Life[]> {
  const members: Life[] = []
  try {
    for (const [index, one] of settings.entries()) {
      members.push(begin(one, index === settings.length - 1 ? stdout : undefined))
    }
    await Promise.all(members.map(life => life.whenStarted))
  } catch (error) {
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

/** Ends what nobody will get a handle of. */
async function discard(life: Life): Promise<void> {
  await life.end('failure', life.settings)
  life.ends?.discard()
}
