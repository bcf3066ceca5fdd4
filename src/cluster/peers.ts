// The one importer of the optional peers. They are imported when a log is opened, so that importing the package never needs them.
import type * as JetStream from '@nats-io/jetstream'
import type * as Transport from '@nats-io/transport-node'
import type * as Postgres from 'pg'
import { SluiceError } from '../errors.ts'

export const peers = {
  transport: (): Promise<typeof Transport> => peer('@nats-io/transport-node', () => import('@nats-io/transport-node')),
  jetstream: (): Promise<typeof JetStream> => peer('@nats-io/jetstream', () => import('@nats-io/jetstream')),
  pg: (): Promise<typeof Postgres> => peer('pg', () => import('pg')),
}

async function peer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    throw new SluiceError('ERR_PLATFORM_UNSUPPORTED', `This log needs the package ${name}: npm install ${name}`, {
      cause: error,
    })
  }
}
