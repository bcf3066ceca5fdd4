// Any options at all: settings and a request that says the same on the native side, or one typed error that names the option.
// Nothing is started here.
import { deepEqual, match, ok } from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { SluiceError } from '../../index.ts'
import type { NativeEnvironment } from '../../src/native/addon.ts'
import { sendRequest, type NativeSpawnRequest, type NativeStdio } from '../../src/native/request.ts'
import { settle, takeOptions, type Use } from '../../src/process/options.ts'
import { spawnRequest } from '../../src/process/request.ts'
import { holds, patience } from '../helpers/effort.ts'

const junk = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
  fc.constantFrom<unknown>(
    Symbol('s'),
    () => 1,
    Number.NaN,
    -0,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    new URL('file:///x'),
    new URL('http://x/'),
  ),
)
const number = fc.oneof(fc.nat(100), fc.integer(), fc.double(), fc.constantFrom(Infinity, 0, 65_535, 65_536))
const text = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom('', '/', 'x\0', '\ud800', 'pipe', 'ignore', 'inherit'),
)
const stream = fc.oneof(
  fc.constantFrom<unknown>('pipe', 'ignore', 'inherit', 'stdout', 'duplex', 0, 1, 2, 17),
  fc.record({ file: text, append: fc.boolean() }, { requiredKeys: [] }),
  fc.record({ tail: number }),
  fc.record({ pipe: fc.constantFrom('read', 'write', 'in', 'out', 'duplex') }),
)

/** Mostly what the option could be, sometimes anything. */
function mostly(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: values }, { weight: 1, arbitrary: junk })
}

const flag = mostly(fc.boolean())
const options = fc.record(
  {
    signal: mostly(fc.constant(new AbortController().signal)),
    timeout: mostly(number),
    cwd: mostly(text),
    env: mostly(fc.dictionary(text, fc.option(text, { nil: undefined }), { maxKeys: 3 })),
    extendEnv: flag,
    argv0: mostly(text),
    uid: mostly(number),
    gid: mostly(number),
    umask: mostly(number),
    nice: mostly(number),
    rlimits: mostly(fc.dictionary(fc.constantFrom('nofile', 'nproc', 'as', 'cpu', 'core', 'fsize'), number)),
    shell: flag,
    input: mostly(fc.oneof(text, fc.uint8Array({ maxLength: 3 }))),
    stdin: mostly(stream),
    stdout: mostly(stream),
    stderr: mostly(stream),
    stdio: mostly(fc.oneof(stream, fc.array(stream, { minLength: 3, maxLength: 3 }))),
    extraFds: mostly(fc.array(stream, { maxLength: 4 })),
    pipeSize: mostly(number),
    readAhead: mostly(number),
    killSignal: mostly(fc.oneof(number, fc.constantFrom('SIGTERM', 'SIGKILL', 'SIGFOO'))),
    killTimeout: mostly(number),
    containment: mostly(fc.constantFrom('none', 'group', 'tree', 'cgroup')),
    cgroup: mostly(
      fc.oneof(
        text,
        fc.record({ parent: text, memoryMax: number, pidsMax: number, cpuMax: number }, { requiredKeys: [] }),
      ),
    ),
    leftovers: mostly(fc.constantFrom('leave', 'kill')),
    detached: flag,
    drainTimeout: mostly(number),
    terminal: mostly(
      fc.oneof(
        fc.boolean(),
        fc.record({ columns: number, rows: number, name: text, raw: fc.boolean() }, { requiredKeys: [] }),
      ),
    ),
    encoding: mostly(fc.constantFrom('utf8', 'latin1', 'buffer')),
    lines: flag,
    stripFinalNewline: flag,
    maxBuffer: mostly(number),
    onMaxBuffer: mostly(fc.constantFrom('error', 'truncate')),
    reject: flag,
    tee: flag,
    unheard: junk,
  },
  { requiredKeys: [] },
)
/** Few at a time, so that something is accepted now and then. */
const few = fc
  .tuple(options, fc.array(fc.nat(40), { maxLength: 5 }))
  .map(([all, places]) => Object.fromEntries(places.flatMap(at => Object.entries(all).slice(at, at + 1))))
const calls = fc.record({
  file: mostly(fc.constantFrom('true', '/bin/true', 'a b')),
  args: mostly(fc.oneof(fc.constant(undefined), fc.array(text, { maxLength: 3 }))),
  options: fc.oneof(few, few, few, options, junk),
  use: fc.constantFrom<Use>('collect', 'hand out', 'stream'),
})

/** Columns, rows and the wish for raw bytes, 16 bits each. */
function terminal(packed: number): unknown[] {
  return [packed % 2 ** 16, Math.floor(packed / 2 ** 16) % 2 ** 16, packed >= 2 ** 32]
}

/** As `crates/binding/src/request.rs` reads it. */
function received(request: NativeSpawnRequest): unknown {
  let read: unknown
  const native = {
    spawn(names: string, argv: string, env: string, unset: string, n: Float64Array, ...rest: unknown[]) {
      const [extras] = rest.slice(3) as [Float64Array | undefined]
      const name = names.split('\0')
      const kinds = ['ignore', 'pipe', 'fd', 'file', 'tail', 'stdout', 'endpoint', 'link', 'terminal', 'duplex']
      const stdio = (kind: number, number: number, path: string): unknown[] => [
        kinds[kind],
        kinds[kind] === 'terminal' ? terminal(number) : number,
        path,
      ]
      const triples = extras?.slice(14) ?? []
      const count = triples.length / 3
      ok(name.length === 6 + (extras === undefined ? 0 : count + 1), 'a name with a NUL in it')
      read = {
        texts: [name[0], name[1], argv, env, unset],
        numbers: [...n.slice(0, 9), n[15]],
        streams: [0, 1, 2].map(at => stdio(n[9 + 2 * at] as number, n[10 + 2 * at] as number, name[2 + at] as string)),
        extras: extras && [...extras.slice(0, 14), name[5 + count]],
        descriptors: Array.from({ length: count }, (_, at) => [
          ...stdio(triples[3 * at] as number, triples[3 * at + 1] as number, name[5 + at] as string),
          triples[3 * at + 2],
        ]),
      }
      return 1
    },
  }
  sendRequest(native as unknown as NativeEnvironment, request)
  return read
}

function stdioOf(stdio: NativeStdio | { kind: 'duplex' }): unknown[] {
  if (stdio.kind === 'fd') return [stdio.kind, stdio.fd, '']
  if (stdio.kind === 'file') return [stdio.kind, stdio.append ? 1 : 0, stdio.path]
  if (stdio.kind === 'tail') return [stdio.kind, stdio.bytes, '']
  if (stdio.kind === 'terminal') return [stdio.kind, [stdio.columns, stdio.rows, stdio.raw], '']
  return [stdio.kind, 0, '']
}

/** What the request says, in the same form. */
function meant(request: NativeSpawnRequest): unknown {
  const { extras, stdin, stdout, stderr } = request
  const { cgroup } = extras ?? {}
  const { memoryMax = Number.NaN, pidsMax = Number.NaN, cpuQuota = Number.NaN, cpuPeriod = Number.NaN } = cgroup ?? {}
  const limits = [cgroup === undefined ? Number.NaN : 1, memoryMax, pidsMax, cpuQuota, cpuPeriod]
  const switches = [request.foreground, request.inheritEnv].map(Number)
  const { containment, leftovers, killSignal, killTimeoutMs, pipeSize, readAhead, umask } = request
  return {
    texts: [request.file, request.cwd, request.argv, request.env, request.unset],
    numbers: [
      containment,
      Number(request.detached),
      leftovers,
      killSignal,
      killTimeoutMs,
      pipeSize,
      readAhead,
      ...switches,
      umask,
    ],
    streams: [stdin, stdout, stderr].map(stdioOf),
    extras: extras && [extras.uid, extras.gid, extras.nice, ...extras.limits, ...limits, cgroup?.parent ?? ''],
    descriptors: extras?.descriptors.map(({ stdio, input }) => [...stdioOf(stdio), Number(input)]) ?? [],
  }
}

test('any options are one request that the native side reads as it was meant, or one error that names the option', async t => {
  t.timeout(patience)
  let accepted = 0
  await holds(
    fc.property(calls, ({ file, args, options: given, use }) => {
      let request: NativeSpawnRequest
      try {
        request = spawnRequest(settle(file, args, takeOptions(given), use))
      } catch (error) {
        ok(error instanceof SluiceError, error as Error)
        deepEqual(error.code, 'ERR_INVALID_OPTION')
        match(error.message, /^`.*` must be .*, received /su)
        return
      }
      accepted++
      for (const list of [request.argv, request.env, request.unset]) ok(list === '' || list.endsWith('\0'))
      deepEqual(received(request), meant(request))
    }),
    3000,
  )
  t.true(accepted > 100, `${accepted} were accepted`)
})
