// The flow that is compared with the plain program: a compressed log through a child, parsed, filtered, in batches into a file.

import { createWriteStream } from 'node:fs'
import { flow, stream, type Flow } from '../../index.ts'
import { isFailed, rowOf, type AccessLog, type Entry } from './access-log.ts'

export function failedRows(log: AccessLog): Flow<string[]> {
  return flow(stream('gzip', ['-dc', log.file]))
    .lines()
    .map(line => JSON.parse(line) as Entry, { name: 'parse' })
    .filter(isFailed)
    .map(rowOf)
    .batch({ maxSize: 500 })
}

/** Fulfils with the number of batches. */
export async function writeFailedRows(log: AccessLog): Promise<number> {
  let batches = 0
  await failedRows(log)
    .tap(() => void (batches += 1))
    .map(rows => rows.join(''))
    .to(createWriteStream(log.output))
  return batches
}
