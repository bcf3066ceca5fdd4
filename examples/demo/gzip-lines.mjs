// Lines of a compressed file, counted in JavaScript through `gzip -dc`.
import { run, spawn } from 'sluicegate'
import { bytes, live } from './screen.mjs'

export const title = 'Lines through gzip'

export async function show({ plain, packed }) {
  const started = performance.now()
  const child = await spawn('gzip', ['-dc', packed])
  let count = 0
  for await (const lines of child.stdout.lines().batches()) {
    count += lines.length
    live(`${count} lines, ${bytes(child.stdout.bytesRead)}`)
  }
  await child.success()
  const seconds = (performance.now() - started) / 1000
  const { stdout } = await run('wc', ['-l', plain])
  const wanted = Number.parseInt(stdout, 10)
  return [
    {
      claim: 'as many lines as wc -l counts',
      held: count === wanted,
      detail: `${count} and ${wanted}, ${bytes(child.metrics().bytesRead)} in ${seconds.toFixed(2)} s`,
    },
  ]
}
