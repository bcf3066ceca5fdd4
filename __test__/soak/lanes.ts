// Runs operations in several lanes for a while, each on the choices of its number; the first failure ends all.

import { Semaphore } from '../../index.ts'
import { Draw } from './draw.ts'
import type { Hold, Operation, Scene } from './scene.ts'

/** Far beyond what any operation takes, also on a busy machine. */
const PATIENCE = 120_000

export interface LaneOptions {
  readonly seed: number
  readonly lanes: number
  readonly folder: string
  readonly holds: readonly Hold[]
  /** By name; what stands there twice is chosen twice as often. */
  readonly operations: readonly (readonly [name: string, operation: Operation])[]
}

export class Lanes {
  readonly #options: LaneOptions
  readonly #limiter = new Semaphore(4)
  #begun = 0
  #failure: Error | undefined

  constructor(options: LaneOptions) {
    this.#options = options
  }

  get begun(): number {
    return this.#begun
  }

  /** Begins operations until `isOver`, and resolves when all that began came to their ends. */
  async run(isOver: () => boolean): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!isOver() && this.#failure === undefined) await this.#one(this.#begun++)
    }
    await Promise.all(Array.from({ length: this.#options.lanes }, lane))
    if (this.#failure !== undefined) throw this.#failure
    if (this.#limiter.available !== 4 || this.#limiter.waiting !== 0) {
      throw new Error(`${this.#limiter.available} of 4 permits are back, ${this.#limiter.waiting} wait`)
    }
  }

  async #one(number: number): Promise<void> {
    const { seed, folder, holds, operations } = this.#options
    const draw = new Draw(seed, number)
    const [name, operation] = draw.one(operations)
    const scene: Scene = { draw, folder, holds, limiter: this.#limiter }
    let timer: NodeJS.Timeout | undefined
    const hanging = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`hangs since ${PATIENCE} ms`)), PATIENCE)
    })
    try {
      await Promise.race([operation(scene), hanging])
    } catch (cause) {
      this.#failure ??= new Error(`operation ${number} (${name}) of seed ${seed}`, { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}
