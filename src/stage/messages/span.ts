// Tells on the diagnostics channels how each step with messages begins and ends. Without a subscriber it costs next to nothing.
import { messagesError, messagesStart, messagesStop, type MessagesStep } from '../../observe/index.ts'

export function spanned<R>(step: MessagesStep, act: () => Promise<R>): Promise<R> {
  const isWatched = messagesStart.hasSubscribers || messagesStop.hasSubscribers || messagesError.hasSubscribers
  return isWatched ? watched(step, act) : act()
}

async function watched<R>(step: MessagesStep, act: () => Promise<R>): Promise<R> {
  messagesStart.publish(step)
  const began = performance.now()
  try {
    const outcome = await act()
    messagesStop.publish({ ...step, durationMs: performance.now() - began })
    return outcome
  } catch (error) {
    messagesError.publish({ ...step, durationMs: performance.now() - began, error })
    throw error
  }
}
