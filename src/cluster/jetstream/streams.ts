// The two streams of a log: made if they are missing, and refused if they are set in a way that breaks what the log promises.
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream'
import { invalidOption, SluiceError } from '../../errors.ts'
import { PATIENCE, type Connection } from './connection.ts'
import type { Names } from './names.ts'
import { Again, isRefusal, REFUSAL } from './refusals.ts'

const NANOS = 1_000_000
const DUPLICATES_MS = 120_000
// With less, a repetition of an append could come after the server has forgotten the first try.
const LEAST_DUPLICATES_MS = 3 * PATIENCE
// Since then batches are atomic, and repeated ones are noticed.
const OLDEST: readonly [number, number, number] = [2, 12, 1]

/** Never set otherwise, on either stream. */
const FIXED = {
  retention: 'limits',
  storage: 'file',
  no_ack: false,
  sealed: false,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  mirror: undefined,
  sources: undefined,
  subject_transform: undefined,
} satisfies Record<string, unknown>

/** Sequences in a row need that nothing but the oldest ever goes, and that nothing else comes in. */
function fixedForEvents(names: Names): Record<string, unknown> {
  return { ...FIXED, subjects: [names.subject, names.fenced], max_msgs_per_subject: -1, allow_atomic: true }
}

/** The newest state of each processor is kept for ever. */
function fixedForCursors(names: Names): Record<string, unknown> {
  return { ...FIXED, subjects: [names.allCursors], max_msgs: -1, max_bytes: -1, max_age: 0 }
}

/** The stream of the events, as it was found. */
export interface EventStream {
  /** The sequence of the last event. */
  readonly last: number
  /** Bytes of the largest message it takes. */
  readonly maxMessage: number
}

export async function ensureStreams(connection: Connection, names: Names): Promise<EventStream> {
  checkVersion(connection.nc.info?.version ?? '')
  const { config, state } = await ensure(connection, names.stream, fixedForEvents(names), {
    duplicate_window: DUPLICATES_MS * NANOS,
    deny_delete: true,
  })
  await ensure(connection, names.cursors, fixedForCursors(names), { max_msgs_per_subject: 1 })
  return { last: state.last_seq, maxMessage: config.max_msg_size > 0 ? config.max_msg_size : Infinity }
}

/** An empty stream that had events says where the next one will be, a new one says 0. */
export async function firstEvent(connection: Connection, { stream }: Names): Promise<number> {
  const { state } = await connection.call(`The stream ${stream}`, () => connection.manager.streams.info(stream))
  return Math.max(state.first_seq, 1)
}

/** `fixed` is asked of a stream that is there, too. */
async function ensure(
  connection: Connection,
  name: string,
  fixed: Record<string, unknown>,
  rest: Partial<StreamConfig>,
): Promise<StreamInfo> {
  const { streams } = connection.manager
  return await connection.call(`The stream ${name}`, async () => {
    const info = await streams.info(name).catch(async (error: unknown) => {
      if (isWithout(connection, error)) throw withoutJetStream(error)
      if (!isRefusal(error, REFUSAL.streamNotFound)) throw error
      return await streams.add({ ...fixed, ...rest, name }).catch((reason: unknown) => {
        if (isRefusal(reason, REFUSAL.subjectsOverlap)) {
          throw invalidOption('subject', 'one that no other stream takes', String(fixed['subjects']))
        }
        // Somebody else made it in the meantime.
        throw isRefusal(reason, REFUSAL.streamExists) ? new Again('the stream was just made') : reason
      })
    })
    check(info.config, fixed)
    return info
  })
}

function check(config: StreamConfig, fixed: Record<string, unknown>): void {
  const found = config as unknown as Record<string, unknown>
  for (const [key, wanted] of Object.entries(fixed)) {
    if (plain(found[key]) !== plain(wanted)) throw unfit(config.name, key, plain(found[key]), plain(wanted))
  }
  const window = config.duplicate_window / NANOS
  if (fixed['allow_atomic'] === true && window < LEAST_DUPLICATES_MS) {
    throw unfit(config.name, 'duplicate_window', `${window} ms`, `${LEAST_DUPLICATES_MS} ms or more`)
  }
}

/** What is not set counts as off, and subjects have no order. */
function plain(value: unknown): string {
  return Array.isArray(value) ? value.map(String).sort(byCode).join(', ') : String(value ?? false)
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : 1
}

function unfit(stream: string, key: string, found: string, wanted: string): SluiceError {
  return new SluiceError(
    'ERR_INVALID_OPTION',
    `\`stream\` must be one that keeps what a log promises: ${key} of ${stream} is ${found} instead of ${wanted}`,
  )
}

/** In a cluster another server may have it. */
function isWithout(connection: Connection, error: unknown): boolean {
  const isSilent = error instanceof Error && error.name === 'JetStreamNotEnabled'
  return isSilent && connection.nc.info?.jetstream !== true
}

function withoutJetStream(cause: unknown): SluiceError {
  return new SluiceError('ERR_PLATFORM_UNSUPPORTED', 'The server runs without JetStream: start it with -js', { cause })
}

function checkVersion(version: string): void {
  const parts = version.split(/[.-]/u).map(Number)
  for (const [i, least] of OLDEST.entries()) {
    const part = parts[i] ?? 0
    if (part > least) return
    if (part < least) {
      throw new SluiceError(
        'ERR_PLATFORM_UNSUPPORTED',
        `A log needs nats-server ${OLDEST.join('.')}, this is ${version}`,
      )
    }
  }
}
