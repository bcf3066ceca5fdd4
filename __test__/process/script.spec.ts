import anyTest from 'ava'
import { $, command, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('awaiting runs it once, and later awaits give the same', async t => {
  const script = $`sh -c ${'echo $$'}`
  const first = await script
  t.is(await script, first)
  t.is(await script.then(result => result.stdout), first.stdout)
  t.not((await script.run()).stdout, first.stdout)
})

test('values reach the program as they are', async t => {
  t.is((await $`printf ${'%s\n'} ${['a b', '$HOME', '*']} x${'y'}`).stdout, 'a b\n$HOME\n*\nxy')
})

test('options come first', async t => {
  t.deepEqual((await $({ lines: true })`printf ${'a\nb\n'}`).stdout, ['a', 'b'])
})

test('a script is a command', async t => {
  t.is(
    (
      await $`printf ${'b\na\n'}`
        .pipe($`sort`)
        .pipe('head', ['-1'])
        .run()
    ).stdout,
    'a',
  )
  t.is(
    (
      await command('echo', ['x'])
        .pipe($`cat`)
        .run()
    ).stdout,
    'x',
  )
  t.is((await $`echo x`.with({ lines: true }).run()).stdout[0], 'x')
})

test('a failure rejects as a promise does, and one that is never awaited starts nothing', async t => {
  await t.throwsAsync(async () => await $`false`, { code: 'ERR_PROCESS_FAILED' })
  t.is(await $`false`.catch(() => 'caught'), 'caught')
  let isFinal = false
  await $`true`.finally(() => (isFinal = true))
  t.true(isFinal)
  void $`no-such-program`
})
