// Our ends of one child's pipes: made when it has started, counted for its metrics. What a child's end means for them is told by hooks.
import type { Environment, KeepAlive, NativeEndpoint } from '../native/index.ts'
import { ByteTail } from './byte-tail.ts'
import type { StartedEvent } from './child.ts'
import { Endpoint, type PipeOwner } from './endpoint.ts'
import { extraEnds, type ExtraEnd } from './extra-ends.ts'
import type { Settings } from './options.ts'
import { FIRST_EXTRA, type ExtraStream } from './options/extra-fds.ts'
import { DEFAULT_TAIL } from './options/stdio.ts'
import type { TerminalSettings } from './options/terminal.ts'
import type { ReaderCore, ReaderHooks } from './reader-core.ts'
import { PipeReader } from './reader.ts'
import { hangUp, terminalWriter } from './terminal.ts'
import { PipeWriter } from './writer.ts'
import type { WriterCore } from './writer-core.ts'

export interface EndsHooks {
  /** The error that takes the place of an end of file; undefined when the end is an ordinary one. */
  readonly endError: () => Error | undefined
  /** One of our reading ends was closed. */
  readonly onClose: () => void
}

const NONE: readonly ExtraEnd[] = []

// This is run for every child, and most have nothing but pipes on the standard three: closures and copies are made for the others only.
export class Ends {
  readonly stdin: PipeWriter | undefined
  readonly stdout: PipeReader | undefined
  readonly stderr: PipeReader | undefined
  /** Descriptors 3, 4 and so on. */
  readonly extra: readonly ExtraEnd[]
  /** What `closed` waits for: everything the child can write to, the ring of stderr too. */
  readonly outputs: Endpoint[] = []
  /** Everything it can read from. */
  readonly inputs: Endpoint[] = []
  /** What was read of a piped stderr, its last bytes. */
  readonly seen: ByteTail = new ByteTail(DEFAULT_TAIL)
  readonly #readers: PipeReader[] = []
  readonly #writers: PipeWriter[] = []
  readonly #keepAlive: KeepAlive
  readonly #host: Environment
  readonly #owner: PipeOwner
  readonly #tail: Endpoint | undefined
  readonly #isInputOurs: boolean
  readonly #terminal: Endpoint | undefined

  /** `waiting`: an endpoint that somebody else reads from, and that gets the child's stdout. */
  constructor(
    event: StartedEvent,
    settings: Settings,
    host: Environment,
    keepAlive: KeepAlive,
    hooks: EndsHooks,
    waiting?: Endpoint,
  ) {
    const { stdin, stdout, stderr } = event
    const { terminal, extraFds } = settings
    this.#keepAlive = keepAlive
    this.#host = host
    this.#owner = { pid: event.pid, file: settings.file }
    this.#isInputOurs = settings.isStdinOurs || (terminal !== undefined && settings.input !== undefined)
    if (stdin) this.stdin = this.#writer(stdin, 'stdin', terminal)
    if (stdout && waiting) {
      waiting.belongTo(this.#owner, 'stdout')
      waiting.attach(stdout, host)
      this.outputs.push(waiting)
    } else if (stdout) {
      this.stdout = this.#reader(stdout, 'stdout', terminal ? this.#hangingUp(hooks) : hooks)
    }
    if (stderr && settings.stderr.kind === 'pipe') this.stderr = this.#reader(stderr, 'stderr', this.#seeing(hooks))
    else if (stderr) this.#tail = this.#output(stderr, 'stderr')
    this.extra = extraFds.length === 0 ? NONE : this.#extra(extraFds, event, hooks)
    if (terminal) this.#terminal = this.#markTerminal(waiting)
  }

  #writer(native: NativeEndpoint, stream: string, terminal?: TerminalSettings): PipeWriter {
    const endpoint = Endpoint.of(native, this.#host, 'write', this.#keepAlive)
    endpoint.belongTo(this.#owner, stream)
    this.inputs.push(endpoint)
    const writer = terminal ? terminalWriter(endpoint, terminal) : new PipeWriter(endpoint)
    this.#writers.push(writer)
    return writer
  }

  #reader(native: NativeEndpoint, stream: string, hooks: ReaderHooks): PipeReader {
    const reader = new PipeReader(this.#output(native, stream), hooks)
    this.#readers.push(reader)
    return reader
  }

  #output(native: NativeEndpoint, stream: string): Endpoint {
    const endpoint = Endpoint.of(native, this.#host, 'read', this.#keepAlive)
    endpoint.belongTo(this.#owner, stream)
    this.outputs.push(endpoint)
    return endpoint
  }

  /** Copied: what was delivered belongs to the consumer, who may change it. */
  #seeing({ endError, onClose }: EndsHooks): ReaderHooks {
    return { endError, onClose, onData: chunk => this.seen.push(chunk.slice(-DEFAULT_TAIL)) }
  }

  #hangingUp({ endError, onClose }: EndsHooks): ReaderHooks {
    const close = (): void => {
      if (this.stdin) hangUp(this.stdin)
      onClose()
    }
    return { endError, onClose: close }
  }

  #extra(streams: readonly ExtraStream[], event: StartedEvent, hooks: EndsHooks): readonly ExtraEnd[] {
    const reader = (index: number): PipeReader | undefined => {
      const native = event.extra(index, false)
      return native === null ? undefined : this.#reader(native, `fd ${FIRST_EXTRA + index}`, hooks)
    }
    const writer = (index: number, back: boolean): PipeWriter | undefined => {
      const native = event.extra(index, back)
      return native === null ? undefined : this.#writer(native, `fd ${FIRST_EXTRA + index}`)
    }
    return extraEnds(streams, reader, writer)
  }

  /** Its two ends are one open file, whose every use is ours. */
  #markTerminal(waiting: Endpoint | undefined): Endpoint | undefined {
    const input = this.stdin && PipeWriter.coreOf(this.stdin)?.endpoint
    const output = this.stdout ? PipeReader.coreOf(this.stdout)?.endpoint : waiting
    for (const endpoint of [input, output]) if (endpoint) endpoint.isTerminal = true
    return output
  }

  /** Of a terminal that is still open. */
  resize(columns: number, rows: number): void {
    this.#terminal?.resize(columns, rows)
  }

  /** Closes all of them; for a child that nobody was given. */
  discard(): void {
    for (const writer of this.#writers) PipeWriter.coreOf(writer)?.abandon()
    for (const reader of this.#readers) void reader.cancel()
  }

  /**
   * The child is closed. What has come to its end is closed too, now or when a descendant lets go of it, so that output nobody reads
   * to its end leaves no descriptor behind. Bytes that are still there stay readable, for as long as somebody has their reader.
   */
  settle(): void {
    for (const writer of this.#writers) this.#settleWriter(writer)
    for (const endpoint of this.outputs) {
      if (endpoint.hungUp) this.#closeOutput(endpoint)
      else endpoint.watchHangUp(() => this.#closeOutput(endpoint))
      endpoint.makeForgettable()
    }
  }

  #settleWriter(writer: PipeWriter): void {
    const core = PipeWriter.coreOf(writer)
    if (this.#isInputOurs && writer === this.stdin) core?.abandon()
    else if (core?.endpoint.hungUp) closeUnread(core)
    // A descendant, or whoever has the terminal, may take what is written for as long as it likes.
    else core?.endpoint.watchHangUp(() => closeUnread(core))
  }

  #closeOutput(endpoint: Endpoint): void {
    if (endpoint === this.#tail) endpoint.close()
    else closeIfEmpty(this.#coreAt(endpoint))
  }

  #coreAt(endpoint: Endpoint): ReaderCore | undefined {
    for (const reader of this.#readers) {
      const core = PipeReader.coreOf(reader)
      if (core?.endpoint === endpoint) return core
    }
    return undefined
  }
}

/** Reading finds the end, and closes the descriptor with it. Nobody can be overtaken, since there are no bytes. */
function closeIfEmpty(core: ReaderCore | undefined): void {
  if (core === undefined || core.endpoint.isClosed || !core.endpoint.isIdle || core.endpoint.buffered > 0) return
  try {
    const front = core.take(1)
    if (front) core.giveBack(front)
    // With read-ahead the I/O thread has not seen the end yet, and tells when it has.
    else if (front === undefined) core.endpoint.watchHangUp(() => closeIfEmpty(core))
  } catch {
    // The end is an error, which stays for whoever reads.
  }
}

function closeUnread(core: WriterCore): void {
  if (core.pendingBytes === 0) core.closeUnread()
}
