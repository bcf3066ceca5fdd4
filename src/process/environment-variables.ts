// The child's environment as the joined text the native side takes. One pass, no call per variable: a spawn with a hundred
// variables has to cost the JavaScript thread next to nothing.
import { invalidOption } from '../errors.ts'
import { isEnvironmentOurs } from './environment-owner.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface JoinedVariables {
  /** `name=value` pairs, each followed by a NUL. */
  readonly env: string
  /** Names to remove, each followed by a NUL. */
  readonly unset: string
  /** The native side starts from its own environment; `env` and `unset` change it. */
  readonly inheritEnv: boolean
}

const INHERIT: JoinedVariables = { env: '', unset: '', inheritEnv: true }

/** Throws ERR_INVALID_OPTION for what no environment can hold. */
export function checkVariables(variables: unknown): void {
  if (typeof variables !== 'object' || variables === null || Array.isArray(variables)) {
    throw invalidOption('env', 'an object of strings', variables)
  }
  const checked = variables as Variables
  for (const name of Object.keys(checked)) {
    const value: unknown = checked[name]
    if (name === '' || name.includes('=') || name.includes('\0'))
      throw invalidOption('env', "names without '=' and NUL that are not empty", name)
    if (value === undefined) continue
    if (typeof value !== 'string') throw invalidOption(`env.${name}`, 'a string or undefined', value)
    if (value.includes('\0')) throw invalidOption(`env.${name}`, 'a string without a NUL character', value)
  }
}

/**
 * `variables` are already checked. The environment of the process is read natively where no other thread can change it meanwhile, since
 * enumerating `process.env` costs more than the whole rest of a spawn; else it is sent whole, as JavaScript sees it.
 */
export function joinVariables(
  variables: Variables | undefined,
  extendEnv: boolean,
  ownsEnvironment: boolean = isEnvironmentOurs(),
): JoinedVariables {
  if (extendEnv && ownsEnvironment) return variables === undefined ? INHERIT : joinChanges(variables)
  const whole = extendEnv ? { ...process.env, ...variables } : (variables ?? {})
  return { ...joinChanges(whole), unset: '', inheritEnv: false }
}

function joinChanges(variables: Variables): JoinedVariables {
  let env = ''
  let unset = ''
  for (const name of Object.keys(variables)) {
    const value = variables[name]
    if (value === undefined) unset += `${name}\0`
    else env += `${name}=${value}\0`
  }
  return { env, unset, inheritEnv: true }
}
