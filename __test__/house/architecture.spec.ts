// Holds the sources to the order of folders and crates that ARCHITECTURE.md draws: arrows, circles, walls and sizes.

import test from 'ava'
import {
  codeLines,
  fileExists,
  findCircle,
  foldersIn,
  importsOf,
  readSource,
  resolveImport,
  sourcesIn,
  type Source,
} from '../helpers/sources.ts'

/** What each part of `src/` may import; types may come from anywhere, since they are gone at run time. A part is a folder or, for errors.ts, turn.ts and their like, a file with or without one. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  observe: ['errors'],
  turn: ['errors', 'observe'],
  stamp: [],
  many: [],
  abort: ['waiting'],
  wait: ['errors', 'abort'],
  iterator: ['deque'],
  'record-limits': [],
  callback: ['errors'],
  deferred: [],
  feed: ['iterator', 'wait', 'channel'],
  rate: ['errors'],
  bounds: ['errors'],
  ready: ['turn', 'wait'],
  retry: ['errors', 'wait'],
  deque: [],
  waiting: [],
  'level-waits': ['errors', 'wait', 'waiting'],
  'attempt-context': [],
  native: ['errors', 'turn', 'observe'],
  lines: ['errors'],
  sinks: ['errors', 'wait'],
  channel: [
    'errors',
    'iterator',
    'bounds',
    'ready',
    'turn',
    'stamp',
    'abort',
    'wait',
    'rate',
    'retry',
    'callback',
    'deque',
    'waiting',
    'level-waits',
    'attempt-context',
    'observe',
  ],
  process: [
    'errors',
    'iterator',
    'turn',
    'abort',
    'wait',
    'rate',
    'retry',
    'callback',
    'deferred',
    'deque',
    'waiting',
    'feed',
    'native',
    'channel',
    'lines',
    'sinks',
    'observe',
  ],
  shared: ['errors', 'iterator', 'bounds', 'turn', 'wait', 'waiting', 'ready', 'native', 'channel', 'observe'],
  flow: [
    'errors',
    'iterator',
    'turn',
    'stamp',
    'wait',
    'rate',
    'retry',
    'channel',
    'lines',
    'sinks',
    'process',
    'observe',
  ],
  stage: [
    'errors',
    'iterator',
    'turn',
    'wait',
    'waiting',
    'rate',
    'retry',
    'callback',
    'deferred',
    'channel',
    'observe',
  ],
  journal: ['errors', 'iterator', 'record-limits', 'turn', 'wait', 'native'],
  pipeline: [
    'errors',
    'record-limits',
    'turn',
    'wait',
    'ready',
    'retry',
    'callback',
    'deque',
    'waiting',
    'level-waits',
    'attempt-context',
    'journal',
    'observe',
  ],
  valve: ['errors', 'turn', 'abort', 'wait', 'waiting', 'callback', 'feed', 'channel', 'observe'],
  cluster: ['errors', 'turn', 'abort', 'wait', 'iterator', 'deque', 'retry'],
}

/** What each crate may depend on: our crates, and the foreign ones that are fenced in. */
const mayDepend: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  flow: ['tokio'],
  reactor: ['flow', 'mio'],
  process: ['protocol', 'flow', 'reactor'],
  journal: ['reactor'],
  shepherd: ['protocol'],
  binding: ['protocol', 'flow', 'reactor', 'process', 'journal', 'napi', 'napi-derive', 'napi-build'],
  testkit: [],
  fuzz: ['protocol', 'journal'],
}
const peers = new Set(['@nats-io/transport-node', '@nats-io/jetstream', 'pg'])
const fenced = new Set(['tokio', 'mio', 'napi', 'napi-derive', 'napi-build', 'napi-sys'])

const typescript = [...sourcesIn('src', '.ts'), readSourceIf('index.ts')].flat()
const rust = sourcesIn('crates', '.rs').filter(({ file }) => /^crates\/[^/]+\/src\//u.test(file))

function readSourceIf(file: string): Source[] {
  return fileExists(file) ? [readSource(file)] : []
}

function partOf(file: string): string {
  return file.replace(/^src\//u, '').replace(/[/.].*$/u, '')
}

/** `file: line` for each line of code that has the pattern. */
function hits(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(source =>
    codeLines(source)
      .filter(line => pattern.test(line))
      .map(line => `${source.file}: ${line.trim()}`),
  )
}

test('the sources are found', t => {
  t.true(typescript.length > 0)
  t.true(rust.length > 0)
})

test('TypeScript imports follow the order of the parts, and cross a border only at its index', t => {
  const wrong: string[] = []
  for (const source of typescript.filter(({ file }) => file.startsWith('src/'))) {
    const from = partOf(source.file)
    const allowed = mayImport[from]
    if (!allowed) {
      wrong.push(`${source.file}: no entry for ${from} in this test`)
      continue
    }
    for (const { specifier, typeOnly } of importsOf(source).filter(entry => entry.specifier.startsWith('.'))) {
      const target = resolveImport(source, specifier)
      const to = partOf(target)
      if (to === from || typeOnly) continue
      if (!target.startsWith('src/') || !allowed.includes(to)) wrong.push(`${source.file} imports ${target}`)
      else if (target !== `src/${to}.ts` && target !== `src/${to}/index.ts`) {
        wrong.push(`${source.file} reaches into ${target}`)
      }
    }
  }
  t.deepEqual(wrong, [])
})

test('an index only names what its folder exports', t => {
  const rest = typescript
    .filter(({ file }) => /(?:^|\/)index\.ts$/u.test(file))
    .map(source => ({
      file: source.file,
      code: codeLines(source)
        .join('\n')
        .replaceAll(/\b(?:export|import)\s[^;'"()]*?from\s+'[^']+'/gu, '')
        .trim(),
    }))
  t.deepEqual(
    rest.filter(({ code }) => code !== ''),
    [],
  )
})

test('no circle among TypeScript files', t => {
  const edges = new Map(
    typescript.map(source => [
      source.file,
      importsOf(source)
        .filter(entry => !entry.typeOnly && entry.specifier.startsWith('.'))
        .map(({ specifier }) => resolveImport(source, specifier)),
    ]),
  )
  t.is(findCircle(edges)?.join(' → '), undefined)
})

test('every import names a file, and nothing is depended on', t => {
  for (const source of typescript) {
    for (const { specifier, typeOnly, dynamic } of importsOf(source)) {
      if (specifier.startsWith('.'))
        t.true(fileExists(resolveImport(source, specifier)), `${source.file}: ${specifier}`)
      // Optional peers: their types cost nobody anything, and importing without them never throws.
      else if (specifier === '@opentelemetry/api') t.true(typeOnly && source.file === 'src/observe/otel.ts')
      else if (peers.has(specifier)) {
        t.true(typeOnly || (dynamic && source.file === 'src/cluster/peers.ts'), `${source.file}: ${specifier}`)
      } else t.regex(specifier, /^node:/u, `${source.file}: ${specifier}`)
    }
  }
})

test('the addon is loaded and the platform asked for in src/native only', t => {
  const outside = typescript.filter(({ file }) => !file.startsWith('src/native/'))
  t.deepEqual(hits(outside, /\bprocess\.platform\b|\bprocess\.dlopen\b|\bcreateRequire\b|\bos\.platform\b/u), [])
  t.deepEqual(
    hits(outside, /\bfrom 'node:child_process'/u).filter(hit => !hit.includes('import type')),
    [],
  )
})

test('crates depend downwards only, and fenced crates stay behind their fence', t => {
  const wrong: string[] = []
  for (const crate of foldersIn('crates')) {
    const manifest = readSource(`crates/${crate}/Cargo.toml`).text
    const allowed = mayDepend[crate]
    if (!allowed) {
      wrong.push(`no entry for ${crate} in this test`)
      continue
    }
    const sections = [
      ...manifest.matchAll(/^\[(?:target\.[^\n]*\.)?(?:build-)?dependencies\]\n(?<body>(?:[^[\n][^\n]*\n|\n)*)/gmu),
    ]
    const names = sections.flatMap(({ groups }) => [...(groups?.['body'] ?? '').matchAll(/^(?<name>[\w-]+)[.\s=]/gmu)])
    for (const { groups } of names) {
      const name = (groups?.['name'] ?? '').replace(/^sluicegate-/u, '')
      const isOurs = name in mayDepend
      if ((isOurs || fenced.has(name)) && !allowed.includes(name)) wrong.push(`${crate} depends on ${name}`)
    }
  }
  t.deepEqual(wrong, [])
})

test('processes are made, signalled and reaped in process/sys and the shepherd only', t => {
  const outside = rust.filter(({ file }) => !/^crates\/(?:process\/src\/sys|shepherd\/|testkit\/)/u.test(file))
  const calls =
    /\blibc::(?:fork|vfork|exec\w+|posix_spawn\w*|kill|killpg|waitpid|wait4|waitid|SYS_pidfd_\w+)\b|\bpidfd_(?:send_signal|open)\b|\bprocess::(?:kill_\w+|wait\w*)\(|\bCommand::new\b/u
  t.deepEqual(hits(outside, calls), [])
})

test('what depends on the operating system is behind a sys module', t => {
  const outside = rust.filter(({ file }) => !/\/sys(?:\/|\.rs$)/u.test(file))
  t.deepEqual(hits(outside, /\bcfg(?:_attr)?!?\(.*\b(?:target_os|target_env|target_vendor|unix|linux|macos)\b/u), [])
})

test('files are small, open with what they own, and have names that say something', t => {
  const tooLong = [...typescript, ...rust]
    .map(source => ({ file: source.file, lines: codeLines(source).length }))
    .filter(({ file, lines }) => lines > (file.endsWith('.rs') ? 400 : 250))
  t.deepEqual(tooLong, [])
  const silent = [...typescript, ...rust].filter(({ text }) => !/^(?:\/\/|\/\*\*)/u.test(text)).map(({ file }) => file)
  t.deepEqual(silent, [])
  const empty = /(?:^|\/)(?:utils?|common|helpers?|manager|misc|service|core|new|v2|phase\w*)(?:\.|\/)/u
  t.deepEqual(
    [...typescript, ...rust].map(({ file }) => file).filter(file => empty.test(file)),
    [],
  )
})

test('lib.rs holds modules and re-exports', t => {
  for (const source of rust.filter(({ file }) => file.endsWith('/lib.rs'))) {
    const rest = codeLines(source)
      .join('\n')
      .replaceAll(/#!?\[[^\]]*\]/gu, '')
      .replaceAll(/\b(?:pub(?:\([^)]*\))? )?(?:mod \w+|use [^;]+);/gu, '')
    t.is(rest.trim(), '', source.file)
  }
})

test('ARCHITECTURE.md names every crate and every part', t => {
  const { text } = readSource('ARCHITECTURE.md')
  const parts = new Set(typescript.filter(({ file }) => file.startsWith('src/')).map(({ file }) => partOf(file)))
  const missing = [...foldersIn('crates'), ...parts].filter(name => !new RegExp(`\\b${name}\\b`, 'u').test(text))
  t.deepEqual(missing, [])
})
