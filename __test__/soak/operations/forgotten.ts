// Operations that let go of handles without disposal: what they had must go when the handles are collected.

import { spawn } from '../../../index.ts'
import { flood } from '../../helpers/programs.ts'
import { aMoment, anyHold, type Operation } from '../scene.ts'

/** Each child ends by itself; nobody waits for it. */
export const forgotten: Operation = async scene => {
  const { draw } = scene
  const total = draw.size(60_000)
  const child = await spawn(flood, ['--total', String(total)], {
    ...anyHold(scene),
    readAhead: draw.one([0, 4096, 70_000]),
    ...(draw.chance(0.3) && { stdin: 'pipe' as const }),
    ...(draw.chance(0.3) && { stderr: 'pipe' as const }),
  })
  switch (draw.between(0, 5)) {
    case 0:
      await child.stdout.read({ maxBytes: 100 })
      break
    case 1:
      await child.stdout[Symbol.asyncIterator]().next()
      break
    case 2:
      await child.stdout.lines().read()
      break
    case 3:
      child.stdout.readable()
      break
    case 4:
      void child.stdout.readExactly(1_000_000).catch(() => undefined)
      break
    default:
      await aMoment(scene)
  }
}

export const forgottenTerminal: Operation = async scene => {
  const child = await spawn('echo', ['never read'], { terminal: true, containment: scene.draw.one(['tree', 'group']) })
  if (scene.draw.chance(0.5)) await child.stdout.read()
}
