import anyTest from 'ava'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { run, spawn } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { waitFor } from '../helpers/wait-for.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-stdio-'))
anyTest.after.always(() => rmSync(folder, { recursive: true, force: true }))

test('files are read, truncated and appended to', async t => {
  const file = path.join(folder, 'out')
  await run('echo', ['one'], { stdout: { file } })
  await run('echo', ['two'], { stdout: { file: pathToFileURL(file), append: true } })
  t.is(readFileSync(file, 'utf8'), 'one\ntwo\n')
  t.is((await run('cat', [], { stdin: { file } })).stdout, 'one\ntwo')
  await run('echo', ['three'], { stdout: { file } })
  t.is(readFileSync(file, 'utf8'), 'three\n')
})

test('descriptors of ours are given to the child and stay ours', async t => {
  const file = path.join(folder, 'fd')
  writeFileSync(file, '')
  const fd = openSync(file, 'a')
  await run('echo', ['one'], { stdout: fd })
  await run('echo', ['two'], { stdout: fd })
  closeSync(fd)
  t.is(readFileSync(file, 'utf8'), 'one\ntwo\n')
})

test('stdio sets all three, and one by its own name wins', async t => {
  const child = await spawn('cat', [], { stdio: 'ignore', stdout: 'pipe' })
  t.is(child.stdin, undefined)
  t.is(await (child.stdout as unknown as { text(): Promise<string> }).text(), '')
  await child.closed
})

test('a reader of one child is the stdin of another', async t => {
  const first = await spawn('sh', ['-c', 'echo text'])
  const second = await run('cat', [], { stdin: first.stdout })
  t.is(second.stdout, 'text')
  await t.throwsAsync(first.stdout.read(), { code: 'ERR_READER_CLOSED' })
  await first.closed
})

test('a reader at its end is an empty stdin, whether the end was read or only noticed', async t => {
  const unread = await spawn('true')
  await unread.closed
  await waitFor(() => unread.stdout.isClosed)
  t.is((await run('cat', [], { stdin: unread.stdout })).stdout, '')
  await t.throwsAsync(run('cat', [], { stdin: unread.stdout }), { code: 'ERR_READER_CLOSED' })
  const read = await spawn('echo', ['text'])
  t.is(await read.stdout.text(), 'text\n')
  t.is((await run('cat', [], { stdin: read.stdout })).stdout, '')
  const cut = await spawn('sleep', ['60'])
  await cut.terminate()
  await t.throwsAsync(cut.stdout.read(), { code: 'ERR_PROCESS_FAILED' })
  await t.throwsAsync(run('cat', [], { stdin: cut.stdout }), { code: 'ERR_PROCESS_FAILED' })
})

test('a reader in use is not given away', async t => {
  const first = await spawn('cat', [], { stdin: 'pipe' })
  const read = first.stdout.read()
  await t.throwsAsync(run('cat', [], { stdin: first.stdout }), { code: 'ERR_READER_BUSY' })
  await first.stdin.end('x')
  t.is((await read)?.length, 1)
  t.is(await first.stdout.read(), null)
  await first.closed
})

test('a writer of one child is the stdout of another', async t => {
  const last = await spawn('cat', [], { stdin: 'pipe' })
  await run('echo', ['text'], { stdout: last.stdin })
  t.is(await last.stdout.text(), 'text\n')
  await last.closed
})
