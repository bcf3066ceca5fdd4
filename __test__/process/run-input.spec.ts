import anyTest from 'ava'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { ProcessError, run } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })

async function* pieces(): AsyncGenerator<string | Uint8Array> {
  yield 'a'
  yield new TextEncoder().encode('b')
  yield 'c'
}

test('every kind of source arrives in order and then ends', async t => {
  const web = new ReadableStream({
    start(controller) {
      controller.enqueue('abc')
      controller.close()
    },
  })
  for (const input of [
    'abc',
    new TextEncoder().encode('abc'),
    ['a', 'b', 'c'],
    pieces(),
    Readable.from(['a', 'bc']),
    web,
  ]) {
    t.is((await run('cat', [], { input })).stdout, 'abc')
  }
})

test('an empty input is an end at once', async t => {
  t.is((await run('cat', [], { input: '' })).stdout, '')
  t.is((await run('cat', [], { input: [] })).stdout, '')
})

test('four megabytes go through while the output is read', async t => {
  const input = 'x'.repeat(4_000_000)
  t.is((await run('cat', [], { input })).stdout, input)
})

test('a child that has enough ends an endless source at once', async t => {
  let isReturned = false
  const endless: Iterable<string> = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: 'line\n' }),
      return: () => {
        isReturned = true
        return { done: true, value: undefined }
      },
    }),
  }
  t.is((await run('head', ['-1'], { input: endless })).stdout, 'line')
  t.true(isReturned)
})

test('also while the source is asked for its next piece', async t => {
  let asked = 0
  let isReturned = false
  const stuck: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => (asked++ === 0 ? { done: false, value: 'line\n' } : await new Promise<never>(() => {})),
      return: async () => {
        isReturned = true
        return { done: true, value: undefined }
      },
    }),
  }
  t.is((await run('head', ['-1'], { input: stuck })).stdout, 'line')
  t.true(isReturned)
})

test('an endless Readable is destroyed when the child has enough', async t => {
  const endless = new Readable({
    read() {
      this.push('line\n')
    },
  })
  t.is((await run('head', ['-1'], { input: endless })).stdout, 'line')
  t.true(endless.destroyed)
})

test('a source that throws ends the tree, and is the cause', async t => {
  const cause = new Error('source')
  async function* failing(): AsyncGenerator<string> {
    yield 'a'
    throw cause
  }
  const error = await t.throwsAsync(run('sh', ['-c', 'cat; sleep 60'], { input: failing() }), {
    instanceOf: ProcessError,
    code: 'ERR_PROCESS_FAILED',
  })
  t.is(error.cause, cause)
})

test('a piece that is neither text nor bytes is the fault of the source', async t => {
  const error = await t.throwsAsync(run('cat', [], { input: [1] as never }), { instanceOf: ProcessError })
  t.like(error.cause, { code: 'ERR_INVALID_OPTION' })
})
