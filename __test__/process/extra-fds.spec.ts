import anyTest from 'ava'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { run, spawn, SpawnError, type ByteReader, type ByteWriter } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { probe, type Probe } from '../helpers/programs.ts'

const test = withCensus(anyTest, { warmUp: async () => await run('true') })
const WAYS = ['tree', 'group', 'none'] as const
const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-extra-'))
anyTest.after.always(() => rmSync(folder, { recursive: true, force: true }))

test('pipes in each direction, whatever holds the child', async t => {
  for (const containment of WAYS) {
    const script = 'cat <&3 >&4; exec 4>&-; read line <&5; echo "got $line" >&5; cat <&5 >&5'
    const child = await spawn('sh', ['-c', script], {
      containment,
      extraFds: [{ pipe: 'in' }, { pipe: 'out' }, { pipe: 'duplex' }],
    })
    const [input, output, both] = child.extraFds as [ByteWriter, ByteReader, Duplex]
    await input.end('through the pipe')
    t.is(await output.text(), 'through the pipe', containment)
    both.write('one\n')
    both.end('two')
    let text = ''
    for await (const chunk of both) text += String(chunk)
    t.is(text, 'got one\ntwo', containment)
    await child.success()
    t.is(child.metrics().bytesWritten, 'through the pipe'.length + 'one\ntwo'.length)
    t.is(child.metrics().bytesRead, 'through the pipe'.length + 'got one\ntwo'.length)
  }
})

test('a child has those and no others, none of them non-blocking at its end', async t => {
  for (const containment of WAYS) {
    const { stdout } = await run(probe, [], { containment, extraFds: ['ignore', 2, { file: '/dev/zero' }] })
    const { fds } = JSON.parse(stdout) as Probe
    t.deepEqual(Object.keys(fds), ['0', '1', '2', '3', '4', '5'], containment)
    t.is(fds['3'], '/dev/null', containment)
    t.is(fds['5'], '/dev/zero', containment)
  }
})

test('sixty-four at once, each on its own number', async t => {
  const files = Array.from({ length: 64 }, (_, index) => path.join(folder, `many-${index}`))
  for (const [index, file] of files.entries()) writeFileSync(file, `${index} `)
  const paths = Array.from(files, (_, index) => `/dev/fd/${index + 3}`)
  for (const containment of WAYS) {
    const { stdout } = await run('cat', paths, { containment, extraFds: files.map(file => ({ file })) })
    t.is(stdout, files.map((_, index) => `${index} `).join(''), containment)
  }
  await t.throwsAsync(run('true', [], { extraFds: Array<'ignore'>(65).fill('ignore') }), { code: 'ERR_INVALID_OPTION' })
})

test('files are read, and with append they are written', async t => {
  const file = path.join(folder, 'text')
  await run('echo one >&3', { shell: true, extraFds: [{ file, append: false }] })
  await run('echo two >&3', { shell: true, extraFds: [{ file, append: true }] })
  t.is(readFileSync(file, 'utf8'), 'one\ntwo\n')
  t.is((await run('cat <&3', { shell: true, extraFds: [{ file }] })).stdout, 'one\ntwo')
  await run('echo three >&3', { shell: true, extraFds: [{ file, append: false }] })
  t.is(readFileSync(file, 'utf8'), 'three\n')
  await t.throwsAsync(run('true', [], { extraFds: [{ file: path.join(folder, 'none') }] }), {
    instanceOf: SpawnError,
    code: 'ENOENT',
  })
})

test('descriptors of ours, by number and by the same number', async t => {
  const file = path.join(folder, 'fd')
  const fd = openSync(file, 'w')
  try {
    await run('echo given >&5', { shell: true, extraFds: ['ignore', 'ignore', fd] })
    t.is(readFileSync(file, 'utf8'), 'given\n')
    const same = Array.from({ length: fd - 2 }, (_, index) => (index === fd - 3 ? 'inherit' : 'ignore'))
    const { fds } = JSON.parse((await run(probe, [], { extraFds: same })).stdout) as Probe
    t.is(fds[fd], file)
  } finally {
    closeSync(fd)
  }
  await t.throwsAsync(run('true', [], { extraFds: [fd] }), { instanceOf: SpawnError, code: 'EBADF' })
})

test('a reader and a writer of other children are given away', async t => {
  const first = await spawn('echo', ['text'])
  const last = await spawn('cat', [], { stdin: 'pipe' })
  await run('cat <&3 >&4', { shell: true, extraFds: [first.stdout, last.stdin] })
  t.is(await last.stdout.text(), 'text\n')
  await t.throwsAsync(first.stdout.read(), { code: 'ERR_READER_CLOSED' })
  await Promise.all([first.closed, last.closed])
})

test('run and stream leave nobody waiting for a pipe that nobody holds', async t => {
  const { stdout } = await run('cat <&3; echo end', { shell: true, extraFds: [{ pipe: 'in' }, { pipe: 'out' }] })
  t.is(stdout, 'end')
})

test('a demand that is not made leaves the bytes in the pipe', async t => {
  const child = await spawn('sh', ['-c', 'head -c 1000000 /dev/zero >&3'], { extraFds: [{ pipe: 'out' }] })
  const [output] = child.extraFds as [ByteReader]
  t.is((await output.readExactly(1)).length, 1)
  t.is(child.exit, undefined)
  t.is((await output.bytes()).length + 1, 1_000_000)
  await child.success()
})

test('an extra output that a descendant holds delays closed by no more than drainTimeout', async t => {
  const child = await spawn('sh', ['-c', 'sleep 600 >&- 2>&- & exit 0'], {
    extraFds: [{ pipe: 'out' }],
    drainTimeout: 50,
    leftovers: 'leave',
  })
  t.like(await child.closed, { ok: true, drained: false })
  await child.terminate()
})

test('a socket whose child is gone without having read ends, and nothing of it is left', async t => {
  const child = await spawn('sh', ['-c', 'echo last >&3; read line'], { stdin: 'pipe', extraFds: [{ pipe: 'duplex' }] })
  const [both] = child.extraFds as [Duplex]
  both.on('error', () => undefined)
  await new Promise<void>(resolve => void both.write('never read', () => resolve()))
  await child.stdin.end('\n')
  await child.closed
  let text = ''
  for await (const chunk of both) text += String(chunk)
  t.is(text, 'last\n')
})

test('a child that could not start hands out nothing and keeps nothing', async t => {
  await t.throwsAsync(spawn('no-such-program', [], { extraFds: [{ pipe: 'duplex' }, { pipe: 'out' }] }), {
    code: 'ENOENT',
  })
})
