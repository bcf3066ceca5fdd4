// A child in the terminal's foreground was stopped (^Z): this process stops with it, and continues it when it is continued itself.

/** Long enough for a stop to arrive; a process in an orphaned group is never stopped, and then the child goes on at once. */
const STOP_ARRIVES = 50

/** `resume` is called once: when we are continued, or when it turns out that we were not stopped. */
export function stopWithChild(resume: () => void): void {
  const finish = (): void => {
    clearTimeout(timer)
    process.off('SIGCONT', finish)
    resume()
  }
  const timer = setTimeout(finish, STOP_ARRIVES)
  process.once('SIGCONT', finish)
  process.kill(0, 'SIGTSTP')
}
