// Bytes to lines, for whoever has bytes: no I/O, no waiting.
export { lineSettings, type LineSettings } from './line-options.ts'
export { LineSplitter } from './line-splitter.ts'
