// `through`: a child in the middle. What comes goes to its stdin at its pace, and its stdout goes on. A failure of it is the flow's.
import { invalidOption } from '../errors.ts'
import type { ByteReader, Command } from '../process/index.ts'
import { Edge } from './edge.ts'
import { InnerOutlet } from './inner-outlet.ts'
import { IteratorStep, type Pullable } from './iterator-step.ts'
import type { Failure, Reader, Step } from './step.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- of all options, so that every command is assignable
export type AnyCommand = Command<any>

export class ThroughStep extends IteratorStep<Uint8Array> {
  readonly #output: ByteReader
  readonly #outlet: InnerOutlet<string | Uint8Array>

  constructor(before: Step<string | Uint8Array>, command: AnyCommand, name: string) {
    if (typeof command?.with !== 'function') throw invalidOption('command', 'a command', command)
    super(before, new Edge(name, 0))
    // A child that closes its stdin wants no more.
    this.#outlet = new InnerOutlet(before, () => before.shutdown())
    // Started by the first read of it.
    this.#output = command.with({ input: this.#outlet }).stream()
  }

  /** The steps behind may take their time to end; meanwhile a failure must not look like the end of the child's input. */
  override stop(failure: Failure | undefined): void {
    super.stop(failure)
    if (failure !== undefined) this.#outlet.fail(failure)
  }

  protected override get inlet(): Reader {
    return this.#outlet
  }

  protected override open(): Pullable<Uint8Array> {
    return this.#output[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array, undefined>
  }

  /** The outlet is left without an answer: an end of its input must not look like the whole of it to a child that is being ended. */
  protected override quiet(): Promise<void> {
    return this.leave(true)
  }
}
