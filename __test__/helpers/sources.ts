// Reads the project's own sources as text: which files there are, their code without comments, what they import.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Source {
  /** Relative to the package's root, with '/'. */
  readonly file: string
  readonly text: string
}

/** All files below `folder` that end in `extension`; an absent folder has none. */
export function sourcesIn(folder: string, extension: string): Source[] {
  const from = path.join(root, folder)
  if (!existsSync(from)) return []
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(extension))
    .map(entry => path.join(entry.parentPath, entry.name))
    .sort()
    .map(full => ({ file: path.relative(root, full).replaceAll('\\', '/'), text: readFileSync(full, 'utf8') }))
}

export function readSource(file: string): Source {
  return { file, text: readFileSync(path.join(root, file), 'utf8') }
}

export function foldersIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
}

export function fileExists(file: string): boolean {
  return existsSync(path.join(root, file))
}

/** The code: comments and blank lines gone, and in Rust the test module at the file's end. Comment marks inside strings are taken for comments only at a line's start. */
export function codeLines({ file, text }: Source): string[] {
  const whole = file.endsWith('.rs') ? (text.split(/^\s*#\[cfg\(test\)\]\s*\n\s*mod /mu)[0] ?? '') : text
  return whole
    .replaceAll(/^\s*\/\*[\s\S]*?\*\//gmu, '')
    .split('\n')
    .map(line => line.replace(/(^|\s)\/\/.*$/u, '').trimEnd())
    .filter(line => line.trim() !== '')
}

export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
  /** Only when that line is reached. */
  readonly dynamic: boolean
}

const STATEMENT = /\b(?<verb>import|export)\s+(?<type>type\s)?[^;'"()]*?\bfrom\s+['"](?<from>[^'"]+)['"]/gu
const OTHER = /\bimport\s*(?<call>\()?\s*['"](?<from>[^'"]+)['"]/gu

/** Static, dynamic and side-effect imports and re-exports of a TypeScript file. */
export function importsOf(source: Source): Import[] {
  const code = codeLines(source).join('\n')
  const statements = [...code.matchAll(STATEMENT)].map(({ groups }) => ({
    specifier: groups?.['from'] ?? '',
    typeOnly: groups?.['type'] !== undefined,
    dynamic: false,
  }))
  const others = [...code.matchAll(OTHER)].map(({ groups }) => ({
    specifier: groups?.['from'] ?? '',
    typeOnly: false,
    dynamic: groups?.['call'] !== undefined,
  }))
  return [...statements, ...others]
}

/** The file a relative import names. */
export function resolveImport(source: Source, specifier: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(source.file), specifier))
}

/** A circle among `edges` as the list of its members, or undefined. */
export function findCircle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const walk = (node: string, way: string[]): string[] | undefined => {
    const at = way.indexOf(node)
    if (at !== -1) return [...way.slice(at), node]
    if (done.has(node)) return undefined
    for (const next of edges.get(node) ?? []) {
      const circle = walk(next, [...way, node])
      if (circle) return circle
    }
    done.add(node)
    return undefined
  }
  for (const node of edges.keys()) {
    const circle = walk(node, [])
    if (circle) return circle
  }
  return undefined
}
