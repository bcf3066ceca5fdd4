import anyTest from 'ava'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { command, run, spawn, SpawnError } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a missing program rejects with the shape of Node, also with reject: false', async t => {
  const failures = [
    spawn('no-such-program', ['a']),
    run('no-such-program', ['a'], { reject: false }),
    command('no-such-program', ['a']).run(),
  ]
  for (const failure of failures) {
    const error = await t.throwsAsync(failure, {
      instanceOf: SpawnError,
      code: 'ENOENT',
      message: /^spawn no-such-program ENOENT/u,
    })
    t.is(error.errno, -2)
    t.is(error.syscall, 'spawn no-such-program')
    t.is(error.path, 'no-such-program')
    t.deepEqual(error.spawnargs, ['a'])
  }
})

test('a missing directory names the directory', async t => {
  const error = await t.throwsAsync(run('true', [], { cwd: '/no/such/directory' }), {
    instanceOf: SpawnError,
    code: 'ENOENT',
  })
  t.is(error.syscall, 'chdir')
  t.is(error.path, '/no/such/directory')
})

test('a file that is no program is EACCES', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-spawn-'))
  try {
    const file = path.join(folder, 'text')
    writeFileSync(file, 'text', { mode: 0o644 })
    await t.throwsAsync(spawn(file), { instanceOf: SpawnError, code: 'EACCES' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a file that can not be opened for a stream is a spawn error', async t => {
  await t.throwsAsync(run('cat', [], { stdin: { file: '/no/such/file' } }), { instanceOf: SpawnError, code: 'ENOENT' })
})

test('arguments of two megabytes, or more than any message holds, are E2BIG at once', async t => {
  for (const length of [2_100_000, 17 * 2 ** 20]) {
    await t.throwsAsync(run('true', ['x'.repeat(length)]), { instanceOf: SpawnError, code: 'E2BIG' })
  }
})

test('the program is searched in the PATH of the child', async t => {
  await t.throwsAsync(run('true', [], { env: { PATH: '/no/such' } }), { code: 'ENOENT' })
})
