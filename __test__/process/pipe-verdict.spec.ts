import test from 'ava'
import type { Exit } from '../../index.ts'
import { failedMember } from '../../src/process/verdict.ts'

function exit(fields: Partial<Exit>): Exit {
  return { ok: fields.exitCode === 0, exitCode: null, signal: null, ...fields } as Exit
}
const well = exit({ exitCode: 0 })
const bad = exit({ exitCode: 1 })
const pipe = exit({ signal: 'SIGPIPE' })
const shellPipe = exit({ exitCode: 141 })

test('the last one that failed is blamed', t => {
  t.is(failedMember([bad, well, bad, well]), 2)
  t.is(failedMember([bad, well]), 0)
  t.is(failedMember([well, bad]), 1)
  t.is(failedMember([well]), undefined)
})

test('dying of a full successor is no failure while that one ended well', t => {
  t.is(failedMember([pipe, well]), undefined)
  t.is(failedMember([shellPipe, pipe, well]), undefined)
  t.is(failedMember([pipe, bad]), 1)
  t.is(failedMember([pipe, bad, well]), 1)
  t.is(failedMember([pipe]), 0)
})
