// What holds a child's descendants together: containment, detached and cgroup, which imply one another.
import { resolve } from 'node:path'
import { invalidOption } from '../../errors.ts'
import { booleanOption, choiceOption, isObject, pathOption } from './check.ts'

/** A control group of the child's own. NaN stands for what was not given. */
export interface CgroupSettings {
  /** The folder it is made in; '' is the group of this process. */
  readonly parent: string
  readonly memoryMax: number
  readonly pidsMax: number
  readonly cpuQuota: number
  readonly cpuPeriod: number
}

export interface ContainmentSettings {
  readonly containment: 'tree' | 'group' | 'cgroup' | 'none'
  /** Named by the caller, so less will not do. */
  readonly containmentRequired: boolean
  readonly detached: boolean
  readonly cgroup: CgroupSettings | undefined
}

const KINDS = ['tree', 'group', 'cgroup', 'none'] as const
const LIMITS: ReadonlySet<string> = new Set(['memoryMax', 'pidsMax', 'cpuMax'])
const UNLIMITED = { memoryMax: Number.NaN, pidsMax: Number.NaN, cpuQuota: Number.NaN, cpuPeriod: Number.NaN }

export function containmentOptions(named: unknown, background: unknown, group: unknown): ContainmentSettings {
  const detached = booleanOption('detached', background, false)
  const implied = group === undefined ? (detached ? 'none' : 'tree') : 'cgroup'
  const containment = choiceOption('containment', named, KINDS, implied)
  if (detached && containment !== 'none')
    throw invalidOption(
      group === undefined ? 'containment' : 'cgroup',
      "'none' or nothing, since `detached` is given",
      named,
    )
  if (group !== undefined && containment !== 'cgroup')
    throw invalidOption('containment', "'cgroup' or nothing, since `cgroup` is given", named)
  const cgroup = containment === 'cgroup' ? cgroupOption(group) : undefined
  return { containment, containmentRequired: named !== undefined || cgroup !== undefined, detached, cgroup }
}

/** Where leaves are made when nobody says where: a group that was delegated to this process, or its own. */
function delegated(): string {
  return process.env['SLUICEGATE_CGROUP'] ?? ''
}

function cgroupOption(group: unknown): CgroupSettings {
  if (group === undefined) return { parent: delegated(), ...UNLIMITED }
  if (typeof group === 'string') return { parent: resolve(pathOption('cgroup', group)), ...UNLIMITED }
  if (!isObject(group)) throw invalidOption('cgroup', 'a path, or { memoryMax, pidsMax, cpuMax }', group)
  for (const name of Object.keys(group)) {
    if (!LIMITS.has(name)) throw invalidOption(`cgroup.${name}`, 'memoryMax, pidsMax or cpuMax', group[name])
  }
  const { memoryMax, pidsMax, cpuMax } = group
  if (cpuMax !== undefined && !isObject(cpuMax)) throw invalidOption('cgroup.cpuMax', '{ quota, period }', cpuMax)
  return {
    parent: delegated(),
    memoryMax: limitOption('cgroup.memoryMax', memoryMax, 0),
    pidsMax: limitOption('cgroup.pidsMax', pidsMax, 0),
    cpuQuota: cpuMax ? limitOption('cgroup.cpuMax.quota', cpuMax['quota'] ?? null, 1000) : Number.NaN,
    cpuPeriod: cpuMax ? limitOption('cgroup.cpuMax.period', cpuMax['period'] ?? null, 1000) : Number.NaN,
  }
}

function limitOption(name: string, value: unknown, least: number): number {
  if (value === undefined) return Number.NaN
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw invalidOption(name, `an integer, ${least} or more`, value)
  return value as number
}
