// Three programs joined by the kernel: JavaScript sees the last one's few bytes and nothing else.
import { command, run } from 'sluicegate'
import { io } from './proc.mjs'
import { bytes, live } from './screen.mjs'

export const title = 'gzip -dc | grep | wc -l, joined in the kernel'

// Wake-ups, the records of three children and what Node reads by itself.
const OWN_READS = 64 * 1024

export async function show({ plain, packed }) {
  const hasProc = process.platform === 'linux'
  const { stdout: wanted } = await run('grep', ['-c', ' 500 ', plain])
  const readBefore = hasProc ? io(process.pid).read : 0
  const last = await command('gzip', ['-dc', packed]).pipe('grep', [' 500 ']).pipe('wc', ['-l']).spawn()
  const count = (await last.stdout.text()).trim()
  await last.success()
  const readByUs = hasProc ? io(process.pid).read - readBefore : 0
  const members = [...last.pipedFrom, last]
  live(members.map(child => `${child.metrics().file} ${child.metrics().bytesRead} B to JavaScript`).join(', '))
  const taken = members.map(child => child.metrics().bytesRead)
  const claims = [
    {
      claim: 'the pipe counts what grep -c counts',
      held: Number(count) === Number(wanted),
      detail: `${count} and ${wanted}`,
    },
    {
      claim: 'only the last one’s answer came to JavaScript',
      held: taken.slice(0, -1).every(size => size === 0) && (taken.at(-1) ?? 0) < 32,
      detail: `${taken.join(', ')} bytes from the three`,
    },
  ]
  if (hasProc) {
    claims.push({
      claim: 'this process read next to nothing meanwhile',
      held: readByUs < OWN_READS,
      detail: `${bytes(readByUs)} in all its read calls`,
    })
  }
  return claims
}
