// Three processes that share the processors of one log, and a store beside it that knows who owns what. Owners are killed, cut off and replaced,
// and the server goes away in the middle.

import type { ExecutionContext } from 'ava'
import type { EventLog } from '../../src/cluster/index.ts'
import { startHousehold, type Household } from '../helpers/household.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { Wire } from '../helpers/wire.ts'
import { engines, type EngineName, type EngineServer } from './engines.ts'
import type { Order, Told } from './owner-messages.ts'

const PROCESSES = 3
const PROCESSORS = ['a', 'b', 'c']
const PATIENT = { deadline: 60_000 }

/** What a destination with its own memory knows of one processor. */
class Stored {
  epoch = 0
  refused = 0
  repeated = 0
  gaps = 0
  readonly texts: string[] = []

  /** One output for each event, from 1; each once, and none of an owner before the latest. */
  write(epoch: number, items: readonly (readonly [number, string])[]): boolean {
    if (epoch < this.epoch) {
      this.refused += 1
      return false
    }
    this.epoch = epoch
    for (const [sequence, text] of items) {
      if (sequence <= this.texts.length) this.repeated += 1
      else if (sequence === this.texts.length + 1) this.texts.push(text)
      else this.gaps += 1
    }
    return true
  }
}

class Owner implements AsyncDisposable {
  readonly wire: Wire
  readonly household: Household
  readonly owns = new Set<string>()
  readonly halted = new Map<string, string>()
  isReady = false
  isGone = false

  constructor(wire: Wire, household: Household) {
    this.wire = wire
    this.household = household
  }

  order(order: Order): void {
    if (!this.isGone) this.household.node.send(order)
  }

  async kill(): Promise<void> {
    this.isGone = true
    this.household.node.process.kill('SIGKILL')
    await this.household.node.exited
    await this[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isGone = true
    await this.household[Symbol.asyncDispose]()
    await this.wire[Symbol.asyncDispose]()
  }
}

class Cluster {
  readonly stores = new Map(PROCESSORS.map(processor => [processor, new Stored()]))
  readonly published = new Map<number, string>()
  readonly wrong: string[] = []
  readonly #engine: EngineName
  readonly #server: EngineServer
  readonly #name: string
  readonly owners: Owner[] = []
  #started = 0
  #allowed = 0
  readonly #held: (() => void)[] = []

  constructor(engine: EngineName, server: EngineServer, name: string) {
    this.#engine = engine
    this.#server = server
    this.#name = name
  }

  async add(): Promise<Owner> {
    const wire = await Wire.to(this.#server.port)
    const args = [this.#engine, String(wire.port), this.#name, `n${++this.#started}`]
    const owner = new Owner(wire, startHousehold('log-owner.ts', { args }))
    this.owners.push(owner)
    void this.#listen(owner)
    await waitFor(() => owner.isReady, { ...PATIENT, what: () => `a process:\n${owner.household.node.stderr}` })
    return owner
  }

  /** Lets them publish until so many events are known. */
  async publish(total: number): Promise<void> {
    this.#allowed = Math.max(this.#allowed, total)
    for (const go of this.#held.splice(0)) go()
    await waitFor(() => this.published.size >= total, {
      ...PATIENT,
      what: () => `${total} events: ${this.published.size}`,
    })
  }

  /** Another process takes the processor over; one that can't is followed by the next. */
  async assign(processor: string, not?: Owner): Promise<void> {
    const before = this.owners.find(({ owns }) => owns.has(processor))
    await waitFor(async () => {
      const able = this.owners.filter(owner => owner !== not && owner !== before && !owner.isGone && owner.isReady)
      const next = able[Math.floor(Math.random() * able.length)]
      if (next === undefined) return false
      next.order({ type: 'own', processor })
      return await waitFor(() => next.owns.has(processor), { deadline: 15_000 }).catch(() => false)
    }, PATIENT)
    before?.owns.delete(processor)
  }

  async kill(): Promise<void> {
    const owner = this.#any()
    this.owners.splice(this.owners.indexOf(owner), 1)
    await owner.kill()
    for (const processor of owner.owns) await this.assign(processor)
    await this.add()
  }

  /** The owner lives on without the log, and learns when it is back that it owns nothing any more. */
  async cutOff(): Promise<void> {
    const owner = this.#any()
    const lost = [...owner.owns]
    owner.wire.cut()
    for (const processor of lost) await this.assign(processor, owner)
    const total = this.published.size + 50
    await this.publish(total)
    await waitFor(() => lost.every(processor => (this.stores.get(processor)?.texts.length ?? 0) >= total - 10), PATIENT)
    owner.wire.mend()
    for (const processor of lost) owner.order({ type: 'watch', processor })
    await this.publish(total + 20)
    await waitFor(() => lost.every(processor => owner.halted.has(processor)), {
      ...PATIENT,
      what: () => `the fence of ${lost.join()}: ${[...owner.halted].join()}`,
    })
  }

  async restartServer(): Promise<void> {
    await this.#server.pause()
    await this.#server.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const owner of this.owners) await owner[Symbol.asyncDispose]()
  }

  #any(): Owner {
    const owners = this.owners.filter(({ isReady, owns }) => isReady && owns.size > 0)
    return owners[Math.floor(Math.random() * owners.length)] as Owner
  }

  async #listen(owner: Owner): Promise<void> {
    try {
      for (;;) this.#told(owner, await owner.household.node.message<Told>())
    } catch (error) {
      if (!owner.isGone) this.wrong.push(String(error))
    }
  }

  #told(owner: Owner, told: Told): void {
    if (told.type === 'ready') owner.isReady = true
    else if (told.type === 'halted') owner.halted.set(told.processor, told.code)
    else if (told.type === 'owns') {
      if (told.code === undefined) owner.owns.add(told.processor)
    } else if (told.type === 'write') {
      const isTaken = this.stores.get(told.processor)?.write(told.epoch, told.items) === true
      owner.order({ type: 'answer', call: told.call, isTaken })
    } else {
      if (this.published.has(told.sequence)) this.wrong.push(`${told.text} is not alone at ${told.sequence}`)
      this.published.set(told.sequence, told.text)
      const go = (): void => owner.order({ type: 'answer', call: told.call, isTaken: true })
      if (this.published.size < this.#allowed) go()
      else this.#held.push(go)
    }
  }
}

async function textsOf(log: EventLog, last: number): Promise<string[]> {
  const texts: string[] = []
  for await (const { sequence, payload } of log.read(1, { timeout: 20_000 })) {
    texts.push(JSON.parse(Buffer.from(payload).toString()) as string)
    if (sequence === last) break
  }
  return texts
}

/** Each round something else goes wrong; in the end each processor has done all there is, in order. */
export async function ownersComeAndGo(
  t: ExecutionContext,
  engine: EngineName,
  rounds: number,
  perRound: number,
): Promise<void> {
  await using server = await engines[engine].start()
  const name = 'shared'
  await using cluster = new Cluster(engine, server, name)
  await Promise.all(Array.from({ length: PROCESSES }, () => cluster.add()))
  await cluster.publish(perRound)
  for (const processor of PROCESSORS) await cluster.assign(processor)
  for (let round = 1; round <= rounds; round++) {
    const calamity = (['kill', 'cutOff', 'restartServer'] as const)[round % 3] ?? 'kill'
    const publishing = cluster.publish(cluster.published.size + perRound)
    await cluster[calamity]()
    await publishing
  }
  await using log = await engines[engine].open(server.port, name)
  await cluster.publish(cluster.published.size + 1)
  const last = await log.append([])
  const done = (): boolean => [...cluster.stores.values()].every(({ texts }) => texts.length >= last)
  await waitFor(done, {
    ...PATIENT,
    what: () => [...cluster.stores].map(([p, { texts }]) => `${p}: ${texts.length} of ${last}`).join(),
  })
  const texts = await textsOf(log, last)
  t.deepEqual(cluster.wrong, [])
  for (const [sequence, text] of cluster.published) if (sequence <= last) t.is(texts[sequence - 1], text)
  for (const [processor, store] of cluster.stores) {
    t.is(store.gaps, 0)
    t.true(
      store.texts.slice(0, last).every((text, i) => text === texts[i]),
      processor,
    )
    await waitFor(async () => (await log.cursor(processor)).sequence >= last, {
      ...PATIENT,
      what: `the cursor of ${processor}`,
    })
    const { epoch } = await log.cursor(processor)
    t.true(epoch >= store.epoch)
    if (epoch > 1) await t.throwsAsync(log.commit(processor, last, epoch - 1), { code: 'ERR_SEQUENCE_FENCED' })
  }
  t.log(
    [...cluster.stores].map(
      ([p, s]) => `${p}: ${s.texts.length} events, epoch ${s.epoch}, ${s.repeated} repeated, ${s.refused} refused`,
    ),
  )
}
