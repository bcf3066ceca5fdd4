// A large text file and its compressed copy, in a temporary folder that goes with this process.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from 'sluicegate'

const LINES = 1_000_000
const PORTION = 20_000

export async function makeTextFile() {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-demo-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const plain = path.join(folder, 'access.log')
  const out = createWriteStream(plain)
  for (let at = 0; at < LINES; at += PORTION) {
    let text = ''
    for (let line = at; line < at + PORTION; line++) {
      text += `${line} GET /page/${(line * 7919) % 1009} ${line % 13 === 0 ? 500 : 200} ${(line * 31) % 4096} bytes\n`
    }
    if (!out.write(text)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
  await run('gzip', ['-1', '-k', plain])
  return { plain, packed: `${plain}.gz` }
}
