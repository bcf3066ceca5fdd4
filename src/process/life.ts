// One child from the request to `closed`, for the rest of this layer. Puts its parts together; each part knows its own business only.
import { notify } from '../callback.ts'
import type { SluiceError, SpawnError } from '../errors.ts'
import { environment, type NativeSpawnRequest } from '../native/index.ts'
import type { Bytes } from './byte-types.ts'
import { Child, type ChildListener, type ExitedEvent, type FailedEvent, type StartedEvent } from './child.ts'
import { isDry, watchClosing, type Closing } from './closing.ts'
import { Deferred } from '../deferred.ts'
import type { Endpoint } from './endpoint.ts'
import { Ends } from './ends.ts'
import { containmentMissed, cutOutput, givenUp, notExecuted, type Trouble } from './failure.ts'
import { stopWithChild } from './foreground.ts'
import { limitLifetime } from './lifetime.ts'
import type { Settings } from './options.ts'
import type { Ladder } from './options/signals.ts'
import { Reference } from './reference.ts'
import { exitOf, type EndReason } from './result.ts'
import { Termination } from './termination.ts'
import { Trace } from './trace.ts'
import type { Exit } from './types.ts'

const CONTAINMENTS = ['none', 'group', 'tree', 'cgroup'] as const
const AT_ONCE: Ladder = { killSignal: 9, killTimeout: 0 }

export class Life implements ChildListener {
  readonly settings: Settings
  pid = 0
  containment: 'none' | 'group' | 'tree' | 'cgroup' = 'none'
  /** Called when something beside the child failed: the other members of its pipe go with it. */
  onTrouble: (() => void) | undefined
  /** Called once when it is closed, or was not started after all. */
  onOver: (() => void) | undefined
  readonly #child: Child
  readonly #reference: Reference
  readonly #termination: Termination
  readonly #stopLimits: () => void
  readonly #started = new Deferred<Ends>()
  readonly #exited = new Deferred<Exit>()
  readonly #closed = new Deferred<Exit>()
  readonly #stdout: Endpoint | undefined
  readonly #trace: Trace
  readonly #startedAt: number = performance.now()
  #isPending = true
  #ends: Ends | undefined
  #event: ExitedEvent | undefined
  #durationMs: number | undefined
  #exit: Exit | undefined
  #closing: Closing | undefined
  #reason: EndReason | undefined
  #isCut = false
  #tail: Bytes | undefined
  #trouble: Trouble | undefined
  #ending: Promise<void> = Promise.resolve()

  /** Asks for it; throws when there is no native side. `stdout`: an endpoint that is waiting for it. */
  constructor(settings: Settings, request: NativeSpawnRequest, stdout?: Endpoint) {
    const host = environment()
    this.settings = settings
    this.#stdout = stdout
    this.#child = new Child(host, request, this)
    this.#reference = new Reference(host)
    this.#reference.hold()
    this.#termination = new Termination(this.#child, host)
    this.#stopLimits = limitLifetime(settings, why => void this.end(why, settings))
    this.#trace = new Trace(this)
  }

  /** Once the program was executed: our ends of its pipes. */
  get whenStarted(): Promise<Ends> {
    return this.#started.promise
  }

  get whenExited(): Promise<Exit> {
    return this.#exited.promise
  }

  get whenClosed(): Promise<Exit> {
    return this.#closed.promise
  }

  get ends(): Ends | undefined {
    return this.#ends
  }

  get exit(): Exit | undefined {
    return this.#exit
  }

  /** It was ended before it had exited, by us or for want of a guard, so its output may end anywhere. */
  get isCut(): boolean {
    return this.#isCut
  }

  get uptimeMs(): number {
    return this.#durationMs ?? performance.now() - this.#startedAt
  }

  /** What else went wrong, for which it was ended. */
  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  /** No termination is under way: if we ended its tree, nothing of it is left. */
  get whenSettled(): Promise<void> {
    return this.#ending
  }

  /** The last bytes of its stderr, as far as somebody keeps them. */
  get stderrTail(): Bytes {
    return this.#tail ?? this.#readTail()
  }

  signal(number: number, tree: boolean): boolean {
    if (!tree && this.#event !== undefined) return false
    return this.#child.signal(number, tree)
  }

  /** A pipe was closed on our side, so it is not waited for any more. */
  recheck(): void {
    this.#closing?.recheck()
  }

  refer(referenced: boolean): void {
    this.#reference.refer(referenced)
  }

  /** Something beside the child failed: its tree is ended, and that is what it failed of. */
  fail(trouble: Trouble): void {
    this.#trouble ??= trouble
    void this.end('failure', this.settings)
    this.onTrouble?.()
  }

  /** Ends its whole tree. The first reason stays. Fulfils when nothing of the tree is left; never rejects. */
  end(why: EndReason, ladder: Ladder): Promise<void> {
    this.#ending = this.#end(why, ladder)
    return this.#ending
  }

  async #end(why: EndReason, ladder: Ladder): Promise<void> {
    this.#reason ??= why
    if (this.#isPending) {
      this.#child.cancel()
      return this.#notStarted(givenUp(why, this.settings))
    }
    if (this.#event === undefined) this.#isCut = true
    await this.#termination.order(ladder)
    // Nobody of the tree can hold a pipe any more; who still does is no reason to wait.
    this.#closing?.finish()
  }

  started(event: StartedEvent): void {
    this.#isPending = false
    this.pid = event.pid
    this.containment = CONTAINMENTS[event.containment]
    this.#trace.started()
    this.#ends = new Ends(
      event,
      this.settings,
      this.#child.environment,
      this.#reference,
      {
        endError: () => (this.#isCut ? cutOutput(this.#reason, this.settings) : undefined),
        onClose: () => this.recheck(),
      },
      this.#stdout,
    )
    if (this.settings.containmentRequired && this.containment !== this.settings.containment) {
      void this.end('failure', AT_ONCE)
      this.#ends.discard()
      return this.#started.reject(containmentMissed(this.containment, this.settings))
    }
    this.#started.resolve(this.#ends)
  }

  failed(event: FailedEvent | SluiceError): void {
    this.#notStarted(notExecuted(event, this.settings))
  }

  stopped(): void {
    stopWithChild(() => this.#child.foreground())
  }

  orphaned(): void {
    this.#loseGuard()
  }

  exited(event: ExitedEvent): void {
    this.#event = event
    if (event.lost) this.#loseGuard()
    this.#durationMs = performance.now() - this.#startedAt
    const outputs = this.#ends?.outputs ?? []
    this.#exit = exitOf(event, this.#reason, outputs.every(isDry), this.#durationMs)
    this.#trace.exited(this.#exit)
    this.#exited.resolve(this.#exit)
    this.#closing = watchClosing(outputs, this.settings.drainTimeout, drained => this.#close(event, drained))
  }

  empty(): void {
    this.#termination.done()
    this.#closing?.recheck()
  }

  #close(event: ExitedEvent, drained: boolean): void {
    this.#stopLimits()
    // The ring is gone with the release; what is piped may still be read, and counts then.
    if (this.settings.stderr.kind === 'tail') this.#tail = this.#child.stderrTail()
    this.#exit = exitOf(event, this.#reason, drained, this.uptimeMs)
    this.#ends?.settle()
    this.#child.release()
    this.#reference.drop()
    this.#trace.closed()
    this.#closed.resolve(this.#exit)
    notify(this.onOver)
  }

  /** A guard takes along what it contained; what is contained by nothing goes on. */
  #loseGuard(): void {
    if (this.containment !== 'none') this.#isCut = true
  }

  #notStarted(error: SpawnError): void {
    this.#isPending = false
    this.#stopLimits()
    this.#reference.drop()
    this.#trace.failed(error)
    this.#started.reject(error)
    notify(this.onOver)
  }

  #readTail(): Bytes {
    if (this.settings.stderr.kind === 'tail') return this.#child.stderrTail()
    return this.#ends?.seen.bytes() ?? new Uint8Array(0)
  }
}
