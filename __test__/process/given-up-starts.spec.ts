import anyTest from 'ava'
import { command, run, spawn, stream } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { turns } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

for (const [what, start] of Object.entries({
  'one child': async (signal: AbortSignal) => await spawn('sleep', ['60'], { signal, stderr: 'pipe', stdin: 'pipe' }),
  'a pipe of three': async (signal: AbortSignal) =>
    await command('yes').pipe('cat').pipe('sleep', ['60']).spawn({ signal }),
})) {
  test(`a start that is given up at any moment leaves no descriptor and no child: ${what}`, async t => {
    for (let round = 0; round < 60; round++) {
      const controller = new AbortController()
      const starting = start(controller.signal).then(
        async child => {
          await child.closed
          await child.terminate()
          await child.stdout.cancel()
          return 'started'
        },
        (error: { code?: string }) => error.code,
      )
      const until = performance.now() + (round % 20) / 5
      while (performance.now() < until) await turns()
      controller.abort()
      const outcome = await starting
      t.true(outcome === 'started' || outcome === 'ABORT_ERR', String(outcome))
    }
  })
}

test('no time at all is none to start in: ERR_TIMEOUT, and nothing is executed', async t => {
  for (const start of [
    () => run('true', [], { timeout: 0 }),
    () => spawn('true', [], { timeout: 0 }),
    () => command('true').pipe('true').run({ timeout: 0 }),
    () => stream('true', [], { timeout: 0 }).read(),
  ]) {
    const error = await t.throwsAsync(start, { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
    t.regex(error?.message ?? '', /not started within 0 ms/)
  }
})
