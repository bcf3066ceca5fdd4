// Child processes: what 'sluicegate/process' gives.
export { limitChildren, type Limiter } from './admission.ts'
export { command, Command } from './command.ts'
export { daemon } from './daemon/daemon.ts'
export type { Daemon, DaemonEvent, DaemonOptions } from './daemon/types.ts'
export { run } from './run.ts'
export { $, type Script, type ScriptCommand } from './script.ts'
export type { ScriptValue } from './script-words.ts'
export { spawn } from './spawn.ts'
export { stream } from './stream.ts'
export { ProcessError, SluiceError, SpawnError, type ErrorCode } from '../errors.ts'
export type { EventsOptions, Lagged } from '../feed.ts'
export { isSupported } from '../native/index.ts'
export type { ByteReader, Bytes, ByteSource, ByteWriter, LineOptions, LineReader, WaitOptions } from './byte-types.ts'
export type {
  AnySubprocess,
  CgroupLimits,
  Exit,
  ExtraFdOption,
  OutputOf,
  ProcessMetrics,
  ProcessOptions,
  ResourceUsage,
  Result,
  RunOptions,
  Signal,
  StderrOption,
  StdinOption,
  StdoutOption,
  Subprocess,
  TerminalOptions,
} from './types.ts'
