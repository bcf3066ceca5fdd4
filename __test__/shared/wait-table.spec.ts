// The numbers of waits beside a plain map: what is under one is what was put there, whatever comes and goes.
import fc from 'fast-check'
import test from 'ava'
import { WaitTable } from '../../src/native/wait-table.ts'

interface Handler {
  ready(): void
  fail(): void
}

function handler(): Handler {
  return { ready: () => {}, fail: () => {} }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), count: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(999), count: fc.nat(120) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
)

test('whatever comes and goes: no number twice, each has its own, and all come out in order', t => {
  fc.assert(
    // The numbers go round once they are used up.
    fc.property(fc.constantFrom(1, 2 ** 32 - 100), fc.array(step, { maxLength: 30 }), (first, steps) => {
      const table = new WaitTable()
      table.free = first
      const said = new Map<number, Handler>()
      const gone: number[] = []
      for (const one of steps) {
        if (one.do === 'add') {
          for (let i = 0; i < one.count; i++) {
            const { free } = table
            if (free === 0 || said.has(free)) throw new Error(`${free} is no free number`)
            const added = handler()
            table.add(added)
            said.set(free, added)
          }
        } else if (one.do === 'remove') {
          const numbers = [...said.keys()]
          for (const number of numbers.slice(one.which % (numbers.length + 1)).slice(0, one.count)) {
            table.remove(number)
            said.delete(number)
            gone.push(number)
          }
        } else {
          const drained = table.drain()
          if (drained.length !== said.size) throw new Error(`${drained.length} of ${said.size} come out`)
          for (const wanted of said.values()) if (drained.shift() !== wanted) throw new Error('out of order')
          said.clear()
        }
        for (const [number, wanted] of said) if (table.get(number) !== wanted) throw new Error(`${number} is another`)
        for (const number of gone) if (table.get(number) !== undefined) throw new Error(`${number} is still there`)
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

test('ten thousand that waited at once leave a small table, which goes on', t => {
  const table = new WaitTable()
  const numbers: number[] = []
  const one = handler()
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10_000; i++) {
      numbers.push(table.free)
      table.add(one)
    }
    t.is(numbers.filter(number => table.get(number) === one).length, 10_000)
    for (const number of numbers.splice(0)) table.remove(number)
  }
  t.is(table.get(table.free), undefined)
})
