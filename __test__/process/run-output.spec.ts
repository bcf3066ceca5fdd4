import anyTest from 'ava'
import { ProcessError, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { firstDifference, flood } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

test('a result has both outputs, the exit, and what was run', async t => {
  const result = await run('sh', ['-c', 'echo out; echo err >&2'])
  t.like(result, {
    stdout: 'out',
    stderr: 'err',
    stderrTail: 'err\n',
    ok: true,
    exitCode: 0,
    signal: null,
    truncated: false,
    drained: true,
  })
  t.is(result.command, "sh -c 'echo out; echo err >&2'")
  t.true(result.pid > 1)
  t.true(result.durationMs > 0)
  t.true(result.resourceUsage.maxRssBytes > 0)
  t.deepEqual(result.pipedFrom, [])
})

test('encodings and lines shape the output', async t => {
  t.deepEqual((await run('printf', ['a\nb\n'], { lines: true })).stdout, ['a', 'b'])
  t.deepEqual((await run('printf', [String.raw`\377\n`], { encoding: 'buffer' })).stdout, Uint8Array.of(0xff, 0x0a))
  t.is((await run('printf', [String.raw`\351`], { encoding: 'latin1' })).stdout, 'é')
})

test('an exit code is a ProcessError with all of the result', async t => {
  const error = await t.throwsAsync(run('sh', ['-c', 'echo partial; echo why >&2; exit 3']), {
    instanceOf: ProcessError,
    code: 'ERR_PROCESS_FAILED',
  })
  t.like(error, { exitCode: 3, signal: null, stdout: 'partial', stderr: 'why', ok: false, timedOut: false })
  t.is(error.shortMessage, "Command failed with exit code 3: sh -c 'echo partial; echo why >&2; exit 3'")
  t.is(error.message, `${error.shortMessage}\nwhy`)
})

test('reject: false fulfils with the same', async t => {
  t.like(await run('sh', ['-c', 'exit 3'], { reject: false }), { exitCode: 3, ok: false })
  t.like(await run('sh', ['-c', 'kill -KILL $$'], { reject: false }), { exitCode: null, signal: 'SIGKILL', ok: false })
})

test('fifty megabytes come whole', async t => {
  const { stdout } = await run(flood, ['--total', '50000000'], { encoding: 'buffer' })
  t.is(stdout.length, 50_000_000)
  t.is(firstDifference(stdout, 0), -1)
})

test('both streams are read at once, so neither blocks the other', async t => {
  const { stdout, stderr } = await run('sh', ['-c', `${flood} --total 3000000 --fd 2; ${flood} --total 3000000`], {
    encoding: 'latin1',
  })
  t.is(stdout.length, 3_000_000)
  t.is(stderr.length, 3_000_000)
})

test('what is not piped is undefined', async t => {
  const { stdout, stderr } = await run('echo', ['x'], { stdout: 'ignore', stderr: 'ignore' })
  t.is(stdout, undefined)
  t.is(stderr, undefined)
})

test('a shell text is run by a shell', async t => {
  t.is((await run('echo $((1 + 2))', { shell: true })).stdout, '3')
  t.is((await run('echo $0', { shell: '/bin/sh' })).stdout, '/bin/sh')
})

test('a hundred at once all end well', async t => {
  const results = await Promise.all(Array.from({ length: 100 }, async (_, at) => await run('echo', [String(at)])))
  t.deepEqual(
    results.map(({ stdout }) => Number(stdout)),
    Array.from({ length: 100 }, (_, at) => at),
  )
})
