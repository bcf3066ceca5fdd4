// What the demo prints: one line that changes in place on a terminal, a few plain lines elsewhere, and the table at the end.
const terminal = process.stdout.isTTY
const PLAIN_INTERVAL = 700

let isLive = false
let lastPlain = 0

const width = () => Math.max(20, (process.stdout.columns ?? 100) - 1)

/** A line that stays. */
export function say(text = '') {
  if (isLive) process.stdout.write('\r\u001B[K')
  isLive = false
  process.stdout.write(`${text}\n`)
}

export function heading(text) {
  say()
  say(terminal ? `\u001B[1m${text}\u001B[0m` : text)
}

/** A line that the next one replaces. Without a terminal only some of them are printed. */
export function live(text) {
  if (terminal) {
    isLive = true
    process.stdout.write(`\r\u001B[K  ${text.slice(0, width() - 2)}`)
  } else if (performance.now() - lastPlain > PLAIN_INTERVAL) {
    lastPlain = performance.now()
    process.stdout.write(`  ${text}\n`)
  }
}

/** One row for each claim; `held` is undefined for what could not be shown here. */
export function summary(claims) {
  heading('Summary')
  const longest = Math.max(...claims.map(({ claim }) => claim.length))
  for (const { claim, held, detail } of claims) {
    const word = held === undefined ? 'skipped' : held ? 'held' : 'FAILED'
    say(`  ${word.padEnd(8)} ${claim.padEnd(longest)}  ${detail}`)
  }
}

export function bytes(count) {
  if (count < 10_000) return `${count} B`
  if (count < 10 * 2 ** 20) return `${(count / 1024).toFixed(0)} KiB`
  return `${(count / 2 ** 20).toFixed(0)} MiB`
}

export function ms(value) {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}
