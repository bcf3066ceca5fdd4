// A bad option is an error that names it.
import test from 'ava'
import { Channel } from '../../src/channel/index.ts'

const cases: readonly (readonly [option: string, given: unknown])[] = [
  ['options', undefined],
  ['options', null],
  ['options', 'many'],
  ['capacity', -1],
  ['capacity', 1.5],
  ['capacity', NaN],
  ['capacity', {}],
  ['capacity', { capacity: '4' }],
  ['capacity', { capacity: 0, overflow: 'drop-oldest' }],
  ['overflow', { capacity: 1, overflow: 'dropOldest' }],
  ['overflow', { capacity: 1, overflow: 'toString' }],
  ['name', { capacity: 1, name: 7 }],
  ['maxBytes', { capacity: 1, maxBytes: 0 }],
  ['maxBytes', { capacity: 1, maxBytes: '1k' }],
  ['sizeOf', { capacity: 1, sizeOf: 3 }],
  ['oversize', { capacity: 1, oversize: 'split' }],
  ['onDrop', { capacity: 1, onDrop: true }],
]

for (const [option, given] of cases) {
  test(`${option}: ${JSON.stringify(given) ?? 'undefined'}`, t => {
    const error = t.throws(() => new Channel(given as never), { code: 'ERR_INVALID_OPTION' })
    t.true(error?.message.startsWith(`\`${option}\``), error?.message)
  })
}
