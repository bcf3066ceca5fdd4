// What a log is called on the server: its two streams and their subjects.
import { invalidOption } from '../../errors.ts'

/** Where a log of events is kept. */
export interface JetStreamLogOptions {
  /** `host:port` of one server or of several, any of which will do; `nats://user:password@host:port` or `nats://token@host:port` where it is asked for. */
  servers: string | readonly string[]
  /** The stream of the events. It is made if there is none. Progress is kept in another one, `<stream>_cursors`. */
  stream: string
  /** The events' subject, by default the stream's name. Subjects below it belong to the log too. */
  subject?: string
}

export class Names {
  readonly stream: string
  /** Events that were appended in an epoch have a subject of their own, so that the last of them is found at once. */
  readonly fenced: string
  readonly subject: string
  readonly cursors: string
  readonly #cursor: string

  constructor({ stream, subject = stream }: JetStreamLogOptions) {
    this.stream = stream
    this.subject = subject
    this.fenced = `${subject}.fenced`
    this.cursors = `${stream}_cursors`
    this.#cursor = `${subject}.cursor.`
  }

  get allCursors(): string {
    return `${this.#cursor}*`
  }

  /** A name may hold what a subject may not. */
  cursorOf(processor: string): string {
    return this.#cursor + encodeURIComponent(processor).replaceAll('.', '%2E').replaceAll('*', '%2A')
  }
}

export function checkOptions(options: JetStreamLogOptions): void {
  if (options === null || typeof options !== 'object') throw invalidOption('options', 'an object', options)
  const { stream, subject } = options
  if (typeof stream !== 'string' || !/^[^\s.*>/\\\p{Cc}]{1,200}$/u.test(stream)) {
    throw invalidOption('stream', 'a name without spaces, dots, slashes and wildcards', stream)
  }
  if (subject === undefined) {
    if (stream.startsWith('$'))
      throw invalidOption('stream', "a name that may be a subject, without a '$' in front", stream)
    return
  }
  if (typeof subject !== 'string' || !/^[^\s.*>$\p{Cc}][^\s.*>\p{Cc}]*(?:\.[^\s.*>\p{Cc}]+)*$/u.test(subject)) {
    throw invalidOption('subject', 'words joined by dots, without spaces and wildcards', subject)
  }
}
