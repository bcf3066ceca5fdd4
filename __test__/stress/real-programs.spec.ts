// Programs as people run them, where they are installed: what each wants of its pipes, signals and terminals is its own.
import anyTest, { type ExecutionContext } from 'ava'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { command, run, spawn, stream, type ByteReader } from '../../index.ts'
import { withCensus } from '../helpers/census.ts'
import { packageRoot } from '../helpers/programs.ts'
import { scaled } from '../helpers/scale.ts'
import { Screen } from '../helpers/screen.ts'
import { waitFor } from '../helpers/wait-for.ts'

const census = withCensus(anyTest, { warmUp: async () => await run('true') })
const folders = (process.env['PATH'] ?? '').split(path.delimiter)

function test(program: string, title: string, body: (t: ExecutionContext) => Promise<void>): void {
  const isThere = folders.some(folder => existsSync(path.join(folder, program)))
  if (isThere) census(`${program}: ${title}`, body)
  else anyTest.skip(`${program}: ${title}`, body)
}

const RAW = ['-f', 'rawvideo', '-pix_fmt', 'rgb24']
const SIZE = [160, 120] as const
const FRAME = SIZE[0] * SIZE[1] * 3
const FRAMES = 150

/** Quiet, and a picture of so many seconds as the input. */
function pattern(seconds: number): string[] {
  return ['-v', 'error', '-f', 'lavfi', '-i', `testsrc=size=${SIZE.join('x')}:rate=25:duration=${seconds}`]
}

const rawInput = [...RAW, '-s', SIZE.join('x'), '-r', '25', '-i', 'pipe:0']

test('ffmpeg', 'raw frames come out of it, through the kernel, and go into it', async t => {
  let bytes = 0
  for await (const chunk of stream('ffmpeg', [...pattern(FRAMES / 25), ...RAW, 'pipe:1'])) bytes += chunk.length
  t.is(bytes, FRAMES * FRAME)
  const gif = await command('ffmpeg', [...pattern(1), ...RAW, 'pipe:1'])
    .pipe('ffmpeg', ['-v', 'error', ...rawInput, '-f', 'gif', 'pipe:1'], { encoding: 'buffer' })
    .run()
  t.is(Buffer.from(gif.stdout.subarray(0, 6)).toString(), 'GIF89a')
  const frames = Array.from({ length: FRAMES }, (_, at) => new Uint8Array(FRAME).fill(at))
  const args = ['-v', 'error', ...rawInput, '-c:v', 'mpeg4', '-f', 'matroska', 'pipe:1']
  const video = await run('ffmpeg', args, { input: frames, encoding: 'buffer' })
  const count = ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', '-']
  t.is((await run('ffprobe', count, { input: video.stdout })).stdout.trim(), `${FRAMES}`)
})

test('ffmpeg', 'its progress comes in lines, and an abort lets it end its file', async t => {
  const abort = new AbortController()
  const args = ['-nostats', '-progress', 'pipe:3', ...pattern(600).slice(2), '-f', 'null', '-']
  const child = await spawn('ffmpeg', args, {
    signal: abort.signal,
    stdout: 'ignore',
    extraFds: [{ pipe: 'out' }],
  })
  const [progress] = child.extraFds as readonly [ByteReader]
  let frames = 0
  await t.throwsAsync(
    async () => {
      for await (const line of progress.lines()) {
        frames = Math.max(frames, Number(/^frame=(\d+)$/u.exec(line)?.[1] ?? 0))
        if (frames > 0) abort.abort()
      }
    },
    { code: 'ABORT_ERR' },
  )
  t.true(frames > 0)
  t.like(await child.closed, { ok: false, isCanceled: true, exitCode: 255 })
  t.regex(child.stderrTail, /received signal 15/u)
})

test('ffmpeg', 'leaving a stream of it ends it', async t => {
  for await (const chunk of stream('ffmpeg', [...pattern(600), ...RAW, 'pipe:1'])) {
    t.true(chunk.length > 0)
    break
  }
})

test('git', 'a clone tells its progress, and one that is given up leaves nobody', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluicegate-git-'))
  try {
    const origin = path.join(folder, 'origin')
    const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    await run('git', ['init', '-q', origin])
    await run('cp', ['-r', path.join(packageRoot, 'src'), origin])
    await run('git', ['-C', origin, 'add', '.'])
    await run('git', ['-C', origin, ...identity, 'commit', '-qm', 'all'])
    const clone = (name: string): readonly string[] => ['clone', '--no-local', '--progress', origin, name]
    const child = await spawn('git', clone('one'), { cwd: folder, stderr: 'pipe' })
    const lines: string[] = []
    for await (const line of child.stderr.lines({ delimiter: '\r' })) lines.push(line)
    await child.success()
    t.true(lines.filter(line => line.startsWith('Receiving objects')).length > 1)
    const log = await run('git', ['log', '--format=%s'], { cwd: path.join(folder, 'one'), lines: true })
    t.deepEqual(log.stdout, ['all'])
    const abort = new AbortController()
    const given = run('git', clone('two'), { cwd: folder, signal: abort.signal })
    abort.abort()
    await t.throwsAsync(given, { code: 'ABORT_ERR' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('gzip', 'what was packed is unpacked, and what is none is an error with its own words', async t => {
  const data = Buffer.alloc(scaled(50_000_000), 'the quick brown fox jumps over the lazy dog\n')
  const packed = await run('gzip', ['-c'], { input: data, encoding: 'buffer' })
  const { stdout } = await run('gzip', ['-dc'], { input: packed.stdout, encoding: 'buffer' })
  t.true(data.equals(stdout))
  await t.throwsAsync(run('gzip', ['-dc'], { input: 'plain text' }), { message: /not in gzip format/u })
})

test('python3', 'a worker answers a thousand requests, one at a time', async t => {
  const script = `
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], "sum": sum(request["values"])}), flush=True)`
  await using worker = await spawn('python3', ['-c', script], { stdin: 'pipe' })
  const answers = worker.stdout.lines()
  for (let id = 0; id < 1000; id++) {
    await worker.stdin.write(`${JSON.stringify({ id, values: [id, 1] })}\n`)
    t.deepEqual(JSON.parse((await answers.read()) ?? ''), { id, sum: id + 1 })
  }
  await worker.stdin.end()
  await worker.success()
})

test('openssl', 'a password is typed on its terminal and is not shown', async t => {
  const child = await spawn('openssl', ['passwd', '-6', '-salt', 'abc'], { terminal: true })
  const screen = new Screen(child)
  await screen.shows('Password: ')
  // It asks first, and turns the echo off a moment later.
  const settings = async (): Promise<string> => (await run('stty', ['-F', `/proc/${child.pid}/fd/0`, '-a'])).stdout
  await waitFor(async () => /\s-echo\s/u.test(await settings()), { deadline: 20_000 })
  await screen.type('secret\n')
  const shown = await screen.rest()
  t.regex(shown, /\$6\$abc\$\S+/u)
  t.notRegex(shown, /secret/u)
  await child.success()
})
