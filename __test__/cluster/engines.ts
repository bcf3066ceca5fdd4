// The engines that specs with several processes run on: how to start one, and how a process gets to its log.

import { jetstreamLog, postgresLog, type EventLog } from '../../src/cluster/index.ts'
import { hasNats, Nats } from '../helpers/nats.ts'
import { hasPostgres, Postgres } from '../helpers/postgres.ts'

/** A server that can go away and come back. */
export interface EngineServer extends AsyncDisposable {
  readonly port: number
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface Engine {
  readonly isHere: boolean
  start(): Promise<EngineServer>
  open(port: number, log: string): Promise<EventLog>
}

export const engines = {
  JetStream: {
    isHere: hasNats,
    start: () => Nats.start(),
    open: (port, log) => jetstreamLog({ servers: `127.0.0.1:${port}`, stream: log }),
  },
  PostgreSQL: {
    isHere: hasPostgres,
    start: () => Postgres.start({ tcp: true }),
    open: (port, table) => postgresLog({ connectionString: `postgres://tester@127.0.0.1:${port}/postgres`, table }),
  },
} satisfies Record<string, Engine>

export type EngineName = keyof typeof engines
