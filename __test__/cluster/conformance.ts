// What every log keeps, whichever engine is behind it: one suite, registered once for each engine.

import test, { type ExecutionContext } from 'ava'
import type { EventLog } from '../../src/cluster/index.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Wire } from '../helpers/wire.ts'

/** A running server, or what stands for one. */
export interface Engine extends AsyncDisposable {
  /** A client of the log of that name, which nothing is in before its first client appends. `port` is that of a wire to the server. */
  open(log: string, port?: number): Promise<EventLog>
  /** Removes events up to this one, as retention does. */
  trim(log: string, upTo: number): Promise<void>
  /** How many readers the server holds something for. */
  readers(log: string): Promise<number>
  /** Where the server listens; 0 when there is none. */
  readonly port: number
}

/** What not every engine has. */
export interface Traits {
  /** Its clients have connections. */
  isRemote: boolean
  /** Bytes of the largest payload that a spec can try. */
  largest?: number
}

interface Client {
  readonly log: EventLog
  /** Another client of the same log. */
  readonly another: (port?: number) => Promise<EventLog>
  readonly trim: (upTo: number) => Promise<void>
  readonly readers: () => Promise<number>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const bytes = (text: string): Uint8Array => encoder.encode(text)
const named = (count: number, prefix = 'e'): Uint8Array[] => numbers(count).map(n => bytes(`${prefix}${n}`))
const numbers = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + i)
const KIB = 1024

/** The next events; then the reader is left. */
async function taken(log: EventLog, from: number, count: number): Promise<{ sequences: number[]; texts: string[] }> {
  const sequences: number[] = []
  const texts: string[] = []
  for await (const { sequence, payload } of log.read(from, { timeout: 20_000 })) {
    sequences.push(sequence)
    texts.push(decoder.decode(payload))
    if (sequences.length === count) break
  }
  return { sequences, texts }
}

/** Registers the specs; `start` is called once, before the first. */
export function conformance(name: string, { isRemote, largest }: Traits, start: () => Promise<Engine>): void {
  let engine: Engine
  let count = 0

  test.before(async () => {
    engine = await start()
  })
  test.after.always(() => engine?.[Symbol.asyncDispose]())

  const spec = (title: string, body: (t: ExecutionContext, client: Client) => Promise<void>): void => {
    test(`${name}: ${title}`, async t => {
      const id = `log${++count}`
      const clients: EventLog[] = []
      const another = async (port?: number): Promise<EventLog> => {
        const log = await engine.open(id, port)
        clients.push(log)
        return log
      }
      try {
        const [trim, readers] = [(upTo: number) => engine.trim(id, upTo), () => engine.readers(id)]
        await body(t, { log: await another(), another, trim, readers })
      } finally {
        for (const log of clients) await log[Symbol.asyncDispose]()
      }
    })
  }
  const wired = (
    title: string,
    body: (t: ExecutionContext, client: Client, wire: Wire, log: EventLog) => Promise<void>,
  ): void => {
    if (!isRemote) return
    spec(title, async (t, client) => {
      await using wire = await Wire.to(engine.port)
      await body(t, client, wire, await client.another(wire.port))
    })
  }

  spec('events are numbered in a row from 1, and an append tells the number of its last', async (t, { log }) => {
    t.is(await log.append(named(1)), 1)
    t.is(await log.append(named(3, 'f')), 4)
    t.deepEqual(await taken(log, 1, 4), { sequences: [1, 2, 3, 4], texts: ['e1', 'f1', 'f2', 'f3'] })
  })

  spec('an append of nothing tells where the log ends', async (t, { log }) => {
    t.is(await log.append([]), 0)
    t.is(await log.last?.(), 0)
    await log.append(named(2))
    t.is(await log.append([]), 2)
    t.is(await log.last?.(), 2)
    await t.throwsAsync(log.append([], { expectedSequence: 1 }), { code: 'ERR_SEQUENCE_FENCED' })
  })

  spec('an append that expects another end is refused and leaves nothing behind', async (t, { log, another }) => {
    const other = await another()
    t.is(await log.append(named(2), { expectedSequence: 0 }), 2)
    const refused = await t.throwsAsync(other.append(named(2), { expectedSequence: 1 }), {
      code: 'ERR_SEQUENCE_FENCED',
    })
    t.regex(refused?.message ?? '', /`expectedSequence` is 1, but the log ends at 2/u)
    t.is(await other.append(named(1), { expectedSequence: 2 }), 3)
    const all = numbers(8).map(n => (n % 2 === 0 ? log : other).append(named(2), { expectedSequence: 3 }))
    const settled = await Promise.allSettled(all)
    t.is(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    t.is(await log.append([]), 5)
    t.is(await log.last?.(), 5)
  })

  spec('an append in an older epoch than one before is refused, also that of another client', async (t, client) => {
    const { log } = client
    const other = await client.another()
    const old = await log.acquire('writer')
    t.is(await log.append(named(1), { epoch: old }), 1)
    const young = await other.acquire('writer')
    t.is(await other.append(named(2), { epoch: young }), 3)
    await t.throwsAsync(log.append(named(1), { epoch: old }), { code: 'ERR_SEQUENCE_FENCED' })
    t.is(await log.append(named(1)), 4)
    await t.throwsAsync(log.append(named(2), { epoch: old, expectedSequence: 4 }), { code: 'ERR_SEQUENCE_FENCED' })
    await t.throwsAsync(other.append(named(2), { epoch: young, expectedSequence: 3 }), { code: 'ERR_SEQUENCE_FENCED' })
    t.is(await other.append(named(2), { epoch: young, expectedSequence: 4 }), 6)
    t.is(await other.append(named(1), { epoch: young }), 7)
  })

  spec('a read starts anywhere and goes on in order', async (t, { log, another }) => {
    await log.append(named(500))
    const other = await another()
    for (const from of [1, 2, 250, 499, 500]) {
      const { sequences, texts } = await taken(other, from, 501 - from)
      t.deepEqual(sequences, numbers(501 - from, from))
      t.is(texts[0], `e${from}`)
    }
  })

  spec('a read waits for what another client appends, and beyond the end for that very event', async (t, client) => {
    const other = await client.another()
    const [first, third] = [taken(client.log, 1, 3), taken(client.log, 3, 1)]
    for (const n of numbers(3)) t.is(await other.append(named(1, `${n}-`)), n)
    t.deepEqual(await first, { sequences: [1, 2, 3], texts: ['1-1', '2-1', '3-1'] })
    t.deepEqual(await third, { sequences: [3], texts: ['3-1'] })
  })

  spec('several waits of one reader get the events in their order', async (t, { log }) => {
    const reader = log.read(1)[Symbol.asyncIterator]()
    const waits = numbers(4).map(() => reader.next())
    await log.append(named(2))
    await log.append(named(2))
    t.deepEqual(
      (await Promise.all(waits)).map(({ value }) => value?.sequence),
      [1, 2, 3, 4],
    )
    await reader.return?.()
  })

  wired('a read that waits is silent, and so is a log that nobody uses', async (t, { log: near }, wire, log) => {
    const read = taken(log, 1, 2)
    await near.append(named(1))
    await waitForSilence(wire, 700)
    await near.append(named(1))
    t.deepEqual((await read).sequences, [1, 2])
    await waitForSilence(wire, 700)
  })

  spec('an abort ends a read that waits, and one that does not', async (t, { log }) => {
    await log.append(named(2))
    const controller = new AbortController()
    const reader = log.read(1, { signal: controller.signal })[Symbol.asyncIterator]()
    t.is((await reader.next()).value?.sequence, 1)
    t.is((await reader.next()).value?.sequence, 2)
    const waiting = reader.next()
    controller.abort(new Error('enough'))
    const aborted = await t.throwsAsync(waiting, { code: 'ABORT_ERR' })
    t.is(aborted?.cause, controller.signal.reason)
    t.true((await reader.next()).done)
    t.throws(() => log.read(1, { signal: controller.signal }), { code: 'ABORT_ERR' })
    const second = new AbortController()
    const busy = log.read(1, { signal: second.signal })[Symbol.asyncIterator]()
    await busy.next()
    second.abort()
    await t.throwsAsync(busy.next(), { code: 'ABORT_ERR' })
    t.true((await busy.next()).done)
  })

  spec('a read gives up after its timeout, and with 0 when it has read all there is', async (t, { log }) => {
    const late = log.read(1, { timeout: 30 })[Symbol.asyncIterator]()
    await t.throwsAsync(late.next(), { code: 'ERR_TIMEOUT' })
    t.true((await late.next()).done)
    await t.throwsAsync(log.read(1, { timeout: 0 })[Symbol.asyncIterator]().next(), { code: 'ERR_TIMEOUT' })
    await log.append(named(50))
    const once = log.read(1, { timeout: 0, maxBytes: 10 })[Symbol.asyncIterator]()
    for (const n of numbers(50)) t.is((await once.next()).value?.sequence, n)
    await t.throwsAsync(once.next(), { code: 'ERR_TIMEOUT' })
  })

  spec('leaving a read answers at once and frees what the server holds for it', async (t, { log, readers }) => {
    await log.append(named(3))
    for await (const { sequence } of log.read(1)) if (sequence === 2) break
    const reader = log.read(4)[Symbol.asyncIterator]()
    const waiting = reader.next()
    await reader.return?.()
    t.true((await waiting).done)
    t.true((await reader.next()).done)
    const unused = log.read(1)[Symbol.asyncIterator]()
    await unused.return?.()
    t.true((await unused.next()).done)
    await waitFor(async () => (await readers()) === 0, { deadline: 10_000 })
  })

  wired(
    'a reader is sent no more than its maxBytes ahead, and nothing before it asks',
    async (t, client, wire, log) => {
      const payloads = numbers(32).map(n => new Uint8Array(64 * KIB).fill(n))
      for (const n of numbers(4, 0)) await client.log.append(payloads.slice(n * 8, n * 8 + 8))
      await waitForSilence(wire)
      const before = wire.bytes
      const reader = log.read(1, { maxBytes: 256 * KIB })[Symbol.asyncIterator]()
      await waitForSilence(wire)
      t.true(wire.bytes - before < KIB)
      for (const n of numbers(32)) {
        const { value } = await reader.next()
        t.is(value?.sequence, n)
        t.true(value !== undefined && Buffer.compare(value.payload, payloads[n - 1] as Uint8Array) === 0)
        await waitForSilence(wire)
        const [given, arrived] = [n * 64, (wire.bytes - before) / KIB]
        t.true(arrived <= given + 256 + 16, `${arrived} KiB for ${given}`)
      }
      await reader.return?.()
    },
  )

  spec('an event larger than maxBytes comes alone', async (t, { log }) => {
    await log.append([bytes('a'), new Uint8Array(100 * KIB), bytes('b')])
    const lengths: number[] = []
    for await (const { sequence, payload } of log.read(1, { maxBytes: 512, timeout: 20_000 })) {
      lengths.push(payload.length)
      if (sequence === 3) break
    }
    t.deepEqual(lengths, [1, 100 * KIB, 1])
  })

  spec('a cursor starts at 0, and goes on where it was committed, in each client', async (t, { log, another }) => {
    t.deepEqual(await log.cursor('p'), { sequence: 0, epoch: 0 })
    t.is(await log.acquire('p'), 1)
    t.deepEqual(await log.cursor('p'), { sequence: 0, epoch: 1 })
    await log.commit('p', 7, 1)
    const other = await another()
    t.deepEqual(await other.cursor('p'), { sequence: 7, epoch: 1 })
    t.is(await other.acquire('p'), 2)
    t.deepEqual(await log.cursor('p'), { sequence: 7, epoch: 2 })
    t.deepEqual(await log.cursor('q'), { sequence: 0, epoch: 0 })
    for (const odd of ['a.b', 'a b', '*', '>', 'é✓', "it's", '%2E', 'a'.repeat(100)]) {
      t.is(await log.acquire(odd), 1)
      await other.commit(odd, 3, 1)
      t.deepEqual(await log.cursor(odd), { sequence: 3, epoch: 1 })
    }
  })

  spec('a cursor never goes back, but by the first commit of an epoch', async (t, { log }) => {
    await log.acquire('p')
    await log.commit('p', 9, 1)
    await log.commit('p', 4, 1)
    t.is((await log.cursor('p')).sequence, 9)
    await log.acquire('p')
    await log.commit('p', 2, 2)
    t.is((await log.cursor('p')).sequence, 2)
    await log.commit('p', 1, 2)
    t.is((await log.cursor('p')).sequence, 2)
    const all = numbers(20, 3).map(n => log.commit('p', n, 2))
    await Promise.all(all)
    t.is((await log.cursor('p')).sequence, 22)
  })

  spec('a new epoch fences off the older ones, also those of another client', async (t, { log, another }) => {
    const other = await another()
    const old = await log.acquire('p')
    await log.commit('p', 1, old)
    const young = await other.acquire('p')
    t.true(young > old)
    await t.throwsAsync(log.commit('p', 2, old), { code: 'ERR_SEQUENCE_FENCED', message: /\bp\b/u })
    await t.throwsAsync(log.commit('p', 2, young + 1), { code: 'ERR_SEQUENCE_FENCED' })
    await t.throwsAsync(log.commit('never', 1, 1), { code: 'ERR_SEQUENCE_FENCED' })
    t.deepEqual(await other.cursor('p'), { sequence: 1, epoch: young })
    await other.commit('p', 2, young)
  })

  spec('of those who acquire at once each gets an epoch of its own', async (t, { log, another }) => {
    const other = await another()
    const epochs = await Promise.all(numbers(12).map(n => (n % 2 === 0 ? log : other).acquire('p')))
    t.deepEqual(
      [...epochs].sort((a, b) => a - b),
      numbers(12),
    )
    await log.commit('p', 5, 12)
    await t.throwsAsync(other.commit('p', 6, 11), { code: 'ERR_SEQUENCE_FENCED' })
  })

  spec('what is no longer kept is told from what is not there yet', async (t, { log, trim }) => {
    await log.append(named(10))
    const reader = log.read(1, { maxBytes: 1, timeout: 20_000 })[Symbol.asyncIterator]()
    t.is((await reader.next()).value?.sequence, 1)
    t.is(await log.first?.(), 1)
    await trim(4)
    t.is(await log.first?.(), 5)
    for (const from of [1, 4]) {
      const gone = await t.throwsAsync(taken(log, from, 1), { code: 'ERR_SEQUENCE_TRIMMED' })
      t.regex(gone?.message ?? '', new RegExp(`Event ${from} is no longer kept`, 'u'))
    }
    t.deepEqual((await taken(log, 5, 6)).sequences, numbers(6, 5))
    const steps = numbers(9).map(() => reader.next())
    const results = await Promise.allSettled(steps)
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') t.is((failed.reason as { code: string }).code, 'ERR_SEQUENCE_TRIMMED')
    else t.fail('it went over a gap')
    await trim(10)
    t.is(await log.first?.(), 11)
    await t.throwsAsync(taken(log, 10, 1), { code: 'ERR_SEQUENCE_TRIMMED' })
    t.is(await log.append(named(1)), 11)
    t.deepEqual((await taken(log, 11, 1)).sequences, [11])
  })

  spec('payloads come back as they were, empty, binary and large', async (t, { log }) => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    const inside = new Uint8Array(300).fill(7).subarray(20, 30)
    const large = new Uint8Array(KIB * KIB - 4 * KIB).map((_, i) => i * 31)
    const payloads = [new Uint8Array(), every, inside, bytes('\0'), large]
    t.is(await log.append(payloads), payloads.length)
    t.is(await log.append([new Uint8Array()]), 6)
    const found: Uint8Array[] = []
    for await (const { sequence, payload } of log.read(1, { timeout: 20_000 })) {
      found.push(payload)
      if (sequence === 6) break
    }
    for (const [i, payload] of [...payloads, new Uint8Array()].entries()) {
      t.true(Buffer.compare(payload, found[i] as Uint8Array) === 0, `payload ${i}`)
    }
  })

  if (largest !== undefined) {
    spec(
      'a payload that is too large is told with the limit, and nothing of its append is kept',
      async (t, { log }) => {
        const large = new Uint8Array(largest + 1)
        const refused = await t.throwsAsync(log.append([bytes('a'), large]), { code: 'ERR_ITEM_TOO_LARGE' })
        t.regex(refused?.message ?? '', new RegExp(`\\b${largest}\\b`, 'u'))
        t.is(await log.append([]), 0)
        t.is(await log.append([large.subarray(1)]), 1)
      },
    )
  }

  spec('a payload belongs to its owner again once the append has fulfilled', async (t, { log }) => {
    const payload = bytes('before')
    await log.append([payload])
    payload.fill(0)
    t.deepEqual((await taken(log, 1, 1)).texts, ['before'])
  })

  spec('appends at once keep the order of each caller, and each stays in one piece', async (t, { log, another }) => {
    const other = await another()
    const all = [log, other].map((client, who) =>
      Promise.all(numbers(60).map(n => client.append(named((n % 3) + 1, `${who}/${n}/`)))),
    )
    const ends = await Promise.all(all)
    const { texts, sequences } = await taken(log, 1, 240)
    t.deepEqual(sequences, numbers(240))
    for (const [who, mine] of ends.entries()) {
      t.deepEqual(
        mine,
        [...mine].sort((a, b) => a - b),
      )
      for (const [i, end] of mine.entries()) {
        const parts = numbers(((i + 1) % 3) + 1).map(part => `${who}/${i + 1}/${part}`)
        t.deepEqual(texts.slice(end - parts.length, end), parts)
      }
    }
  })

  spec('an append of many events is in a row whatever else is appended', async (t, { log, another }) => {
    const other = await another()
    const [end] = await Promise.all([log.append(named(300)), ...numbers(20).map(n => other.append(named(1, `o${n}-`)))])
    const { texts } = await taken(log, 1, 320)
    t.deepEqual(
      texts.slice(end - 300, end),
      numbers(300).map(n => `e${n}`),
    )
  })

  wired(
    'a connection that breaks loses and doubles nothing, neither for who appends nor for who reads',
    async (t, client, wire, log) => {
      const reading = taken(await client.another(wire.port), 1, 41)
      const outcomes: Promise<PromiseSettledResult<number>[]>[] = []
      for (const round of numbers(4)) {
        outcomes.push(Promise.allSettled(numbers(10).map(n => log.append([bytes(`${round}/${n}`)]))))
        const before = wire.pieces
        await waitFor(() => wire.pieces > before, { deadline: 10_000 })
        wire.cut()
        wire.mend()
        await outcomes.at(-1)
      }
      const settled = (await Promise.all(outcomes)).flat()
      const { texts } = await taken(client.log, 1, await client.log.append(named(41)))
      const places = settled.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      t.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
      )
      t.is(new Set(texts).size, texts.length)
      for (const [i, outcome] of settled.entries()) {
        const text = `${Math.floor(i / 10) + 1}/${(i % 10) + 1}`
        if (outcome.status === 'fulfilled') t.is(texts[outcome.value - 1], text)
        else t.is(typeof (outcome.reason as { code: unknown }).code, 'string')
      }
      t.deepEqual((await reading).texts, texts.slice(0, 41))
    },
  )

  wired('after disposal nothing waits, nothing is connected, and every call says so', async (t, client, wire, log) => {
    const waiting = log.read(1)[Symbol.asyncIterator]()
    const next = waiting.next()
    const append = log.append(named(2))
    await log[Symbol.asyncDispose]()
    t.is(await append, 2)
    const [step] = await Promise.allSettled([next])
    if (step.status === 'rejected') t.is((step.reason as { code: string }).code, 'ERR_CHANNEL_CLOSED')
    else t.is(step.value.value?.sequence, 1)
    const calls = [
      () => log.append(named(1)),
      () => log.cursor('p'),
      () => log.commit('p', 1, 1),
      () => log.acquire('p'),
      () => log.read(1)[Symbol.asyncIterator]().next(),
    ]
    for (const call of calls) await t.throwsAsync(call, { code: 'ERR_CHANNEL_CLOSED' })
    await log[Symbol.asyncDispose]()
    await waitFor(() => wire.connections === 0, { deadline: 10_000 })
    t.is(await client.log.append([]), 2)
  })

  spec('a read that waits ends with the log', async (t, { another }) => {
    const log = await another()
    const reader = log.read(1)[Symbol.asyncIterator]()
    const next = reader.next()
    await log[Symbol.asyncDispose]()
    await t.throwsAsync(next, { code: 'ERR_CHANNEL_CLOSED' })
    t.true((await reader.next()).done)
  })

  wired('a server that can not be reached is told with the reason', async (t, client, wire) => {
    const { port } = wire
    await wire[Symbol.asyncDispose]()
    await t.throwsAsync(client.another(port), { code: 'ECONNREFUSED', message: new RegExp(`\\b${port}\\b`, 'u') })
  })

  spec('what is malformed is refused by its name', async (t, { log }) => {
    const wrong = (value: unknown): never => value as never
    const refusals: [() => unknown, RegExp][] = [
      [() => log.append(wrong('a')), /`payloads`/u],
      [() => log.append(wrong(['a'])), /`payloads\[0\]`/u],
      [() => log.append(named(1), { expectedSequence: -1 }), /`expectedSequence`/u],
      [() => log.append(named(1), { epoch: 0.5 }), /`epoch`/u],
      [() => log.append(named(1), wrong(null)), /`options`/u],
      [() => log.cursor(''), /`processor`/u],
      [() => log.acquire(wrong(1)), /`processor`/u],
      [() => log.commit('p', -1, 1), /`sequence`/u],
      [() => log.commit('p', 1, wrong('1')), /`epoch`/u],
    ]
    for (const [call, message] of refusals) {
      await t.throwsAsync(async () => await call(), { code: 'ERR_INVALID_OPTION', message })
    }
    t.throws(() => log.read(0), { code: 'ERR_INVALID_OPTION', message: /`from`/u })
    t.throws(() => log.read(1, { maxBytes: 0 }), { code: 'ERR_INVALID_OPTION', message: /`maxBytes`/u })
    t.throws(() => log.read(1, { timeout: -1 }), { code: 'ERR_INVALID_OPTION', message: /`timeout`/u })
  })
}

/** For so many ms nothing was said. A server may say something unasked after a connection, but not again and again. */
async function waitForSilence(wire: Wire, ms = 60): Promise<void> {
  let heard = { pieces: -1, at: 0 }
  const isSilent = (): boolean => {
    if (wire.pieces !== heard.pieces) heard = { pieces: wire.pieces, at: performance.now() }
    return performance.now() - heard.at >= ms
  }
  await waitFor(isSilent, { deadline: 10_000, what: `${ms} ms of silence` })
}
