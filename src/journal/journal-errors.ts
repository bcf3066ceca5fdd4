// The errors of a journal, made of what the native side says.
import { errnoError, SluiceError } from '../errors.ts'
import type { NativeJournalFailure } from '../native/index.ts'

const EIO = 5

/** A new error each time, so that each has the stack of its own call. */
export function journalError(failure: NativeJournalFailure): SluiceError {
  const { kind, path, offset, reason, syscall } = failure
  switch (kind) {
    case 'corrupt':
      return Object.assign(
        new SluiceError('ERR_JOURNAL_CORRUPT', `the journal's segment ${path} is corrupt at byte ${offset}: ${reason}`),
        { path, offset },
      )
    case 'locked':
      return Object.assign(
        new SluiceError('EBUSY', `the journal ${path} is open already, in this process or in another one`),
        { path, syscall },
      )
    case 'io':
      return systemError(failure)
    case 'poisoned': {
      const cause = systemError(failure)
      const message = `${syscall} of ${path} failed with ${cause.code}: what the disk has is unknown until the journal is opened again`
      return new SluiceError('ERR_JOURNAL_POISONED', message, { cause })
    }
    case 'closed':
    default:
      return closedError()
  }
}

export function closedError(): SluiceError {
  return new SluiceError('ERR_WRITER_CLOSED', 'the journal is closed')
}

export function replayClosedError(): SluiceError {
  return new SluiceError('ERR_READER_CLOSED', 'the journal was closed before its replay was over')
}

function systemError({ errno, syscall, path }: NativeJournalFailure): SluiceError {
  const error = errnoError(errno === 0 ? EIO : errno, syscall)
  error.message += `: ${path}`
  return Object.assign(error, { path })
}
