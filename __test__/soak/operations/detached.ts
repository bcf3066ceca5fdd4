// A child that would outlive this process, and is ended like any other while its handle is there.

import { strictEqual } from 'node:assert'
import { spawn } from '../../../index.ts'
import { stubborn } from '../../helpers/programs.ts'
import { aMoment, describeExit, isOneOf, type Operation } from '../scene.ts'

export const detached: Operation = async scene => {
  const child = await spawn(stubborn, [], { detached: true })
  await child.stdout.lines().read()
  await aMoment(scene)
  strictEqual(child.kill('SIGTERM'), true)
  strictEqual(child.kill('SIGKILL'), true)
  isOneOf(describeExit(await child.closed), ['signal SIGKILL'])
}
