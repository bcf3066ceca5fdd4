// Our ends of one child's pipes: made when it has started, counted for its metrics. What a child's end means for them is told by hooks.
import type { Environment, KeepAlive } from '../native/index.ts'
import { ByteTail } from './byte-tail.ts'
import type { StartedEvent } from './child.ts'
import { Endpoint, type PipeName } from './endpoint.ts'
import { extraEnds, type ExtraEnd } from './extra-ends.ts'
import type { Settings } from './options.ts'
import { DEFAULT_TAIL } from './options/stdio.ts'
import type { ReaderCore } from './reader-core.ts'
import { PipeReader } from './reader.ts'
import { hangUp, terminalWriter } from './terminal.ts'
import { PipeWriter } from './writer.ts'

export interface EndsHooks {
  /** The error that takes the place of an end of file; undefined when the end is an ordinary one. */
  endError(): Error | undefined
  /** One of our ends was closed. */
  closed(): void
}

const NONE: readonly ExtraEnd[] = []

export class Ends {
  readonly stdin: PipeWriter | undefined
  readonly stdout: PipeReader | undefined
  readonly stderr: PipeReader | undefined
  /** Descriptors 3, 4 and so on. */
  readonly extra: readonly ExtraEnd[]
  /** What `closed` waits for: everything the child can write to, the ring of stderr too. */
  readonly outputs: readonly Endpoint[]
  /** Everything it can read from. */
  readonly inputs: readonly Endpoint[]
  /** What was read of a piped stderr, its last bytes. */
  readonly seen: ByteTail = new ByteTail(DEFAULT_TAIL)
  readonly #readers: PipeReader[] = []
  readonly #writers: PipeWriter[] = []
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
    const outputs: Endpoint[] = []
    const inputs: Endpoint[] = []
    const add = (end: PipeReader | PipeWriter, endpoint: Endpoint): void => {
      if (end instanceof PipeReader) {
        outputs.push(endpoint)
        this.#readers.push(end)
      } else {
        inputs.push(endpoint)
        this.#writers.push(end)
      }
    }
    const { terminal } = settings
    this.#isInputOurs = settings.isStdinOurs || (terminal !== undefined && settings.input !== undefined)
    const { stdin, stdout, stderr } = event
    const pipeOf = (stream: string): PipeName => ({ pid: event.pid, file: settings.file, stream })
    const extraHooks = { endError: () => hooks.endError(), onClose: () => hooks.closed() }
    const readHooks = { ...extraHooks, onClose: () => this.#outputClosed(hooks) }
    if (stdin) {
      const endpoint = Endpoint.of(stdin, host, 'write', keepAlive)
      endpoint.name = pipeOf('stdin')
      this.stdin = terminal ? terminalWriter(endpoint, terminal) : new PipeWriter(endpoint)
      add(this.stdin, endpoint)
    }
    if (stdout && waiting) {
      waiting.name = pipeOf('stdout')
      waiting.attach(stdout, host)
      outputs.push(waiting)
    } else if (stdout) {
      const endpoint = Endpoint.of(stdout, host, 'read', keepAlive)
      endpoint.name = pipeOf('stdout')
      this.stdout = new PipeReader(endpoint, readHooks)
      add(this.stdout, endpoint)
    }
    if (stderr) {
      const endpoint = Endpoint.of(stderr, host, 'read', keepAlive)
      endpoint.name = pipeOf('stderr')
      if (settings.stderr.kind === 'pipe') {
        // Copied: what was delivered belongs to the consumer, who may change it.
        const onData = (chunk: Uint8Array): void => this.seen.push(chunk.slice(-DEFAULT_TAIL))
        this.stderr = new PipeReader(endpoint, { ...readHooks, onData })
        add(this.stderr, endpoint)
      } else {
        outputs.push(endpoint)
        this.#tail = endpoint
      }
    }
    const { extraFds } = settings
    const addExtra = (end: PipeReader | PipeWriter, endpoint: Endpoint, stream: string): void => {
      endpoint.name = pipeOf(stream)
      add(end, endpoint)
    }
    this.extra = extraFds.length === 0 ? NONE : extraEnds(extraFds, event, host, keepAlive, extraHooks, addExtra)
    this.outputs = outputs
    this.inputs = inputs
    if (terminal) {
      const ways = [this.stdin, this.stdout].map(end => endpointOf(end))
      this.#terminal = ways[1] ?? waiting
      // Its two ends are one open file, whose every use is ours.
      for (const endpoint of [ways[0], this.#terminal]) if (endpoint) endpoint.isTerminal = true
    }
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
      const close = endpoint === this.#tail ? () => endpoint.close() : () => closeIfEmpty(this.#coreAt(endpoint))
      if (endpoint.hungUp) close()
      else endpoint.watchHangUp(close)
      endpoint.makeForgettable()
    }
  }

  #settleWriter(writer: PipeWriter): void {
    const core = PipeWriter.coreOf(writer)
    const closeUnread = (): void => {
      if (writer.pendingBytes === 0) core?.closeUnread()
    }
    if (this.#isInputOurs && writer === this.stdin) core?.abandon()
    else if (core?.endpoint.hungUp) closeUnread()
    // A descendant, or whoever has the terminal, may take what is written for as long as it likes.
    else core?.endpoint.watchHangUp(closeUnread)
  }

  #outputClosed(hooks: EndsHooks): void {
    if (this.#terminal && this.stdin) hangUp(this.stdin)
    hooks.closed()
  }

  #coreAt(endpoint: Endpoint): ReaderCore | undefined {
    const cores = this.#readers.map(reader => PipeReader.coreOf(reader))
    return cores.find(core => core?.endpoint === endpoint)
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

function endpointOf(end: PipeReader | PipeWriter | undefined): Endpoint | undefined {
  if (end instanceof PipeReader) return PipeReader.coreOf(end)?.endpoint
  return end && PipeWriter.coreOf(end)?.endpoint
}
