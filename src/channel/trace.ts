// The messages of channels and queues to those who observe; whether somebody does is asked before.
import type { Channel } from 'node:diagnostics_channel'
import {
  channelPark,
  channelResume,
  publishSoon,
  type ChannelParkMessage,
  type ChannelResumeMessage,
  type DropMessage,
} from '../observe/index.ts'
import type { ChannelCore } from './channel-core.ts'
import type { DropReason } from './types.ts'

export function tellPark<T>({ name, length, capacity, senders }: ChannelCore<T>): void {
  publishSoon(channelPark, { name, length, capacity, waitingSenders: senders.length } satisfies ChannelParkMessage)
}

export function tellResume(name: string, waitedMs: number): void {
  publishSoon(channelResume, { name, waitedMs } satisfies ChannelResumeMessage)
}

export function tellDrop(channel: Channel, name: string, reason: DropReason, count: number): void {
  channel.publish({ name, reason, count } satisfies DropMessage)
}
