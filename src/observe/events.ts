// The diagnostics channels of this package and their messages. Who publishes asks `hasSubscribers` first and makes no message without.
import { channel, type Channel } from 'node:diagnostics_channel'
import type { DropReason } from '../channel/types.ts'
import type { Exit } from '../process/types.ts'

/** `sluicegate:process:spawn`: a program has been executed. */
export interface SpawnMessage {
  readonly pid: number
  readonly file: string
  /** From the request. */
  readonly durationMs: number
}

/** `sluicegate:process:error`: a program could not be started. */
export interface SpawnErrorMessage {
  readonly file: string
  readonly error: Error
}

/** `sluicegate:process:exit` */
export interface ExitMessage {
  readonly pid: number
  readonly file: string
  readonly exit: Exit
}

/** `sluicegate:process:park`: a read or a write has to wait for the child; more of the same may queue behind it. */
export interface ParkMessage {
  readonly pid: number
  readonly file: string
  readonly stream: string
  readonly operation: 'read' | 'write'
}

/** `sluicegate:process:resume`: nothing waits on that stream any more. */
export interface ResumeMessage extends ParkMessage {
  readonly waitedMs: number
}

/** `sluicegate:channel:park`: a sender has to wait. */
export interface ChannelParkMessage {
  readonly name: string
  readonly length: number
  readonly capacity: number
  readonly waitingSenders: number
}

/** `sluicegate:channel:resume`: a sender waits no more, whatever became of it. */
export interface ChannelResumeMessage {
  readonly name: string
  readonly waitedMs: number
}

/** `sluicegate:channel:drop` and `sluicegate:queue:drop` */
export interface DropMessage {
  readonly name: string
  readonly reason: DropReason
  readonly count: number
}

/** For a message that is due between two steps of an operation: a subscriber that calls back in must not come in between. */
export function publishSoon(channel: Channel, message: object): void {
  process.nextTick(() => channel.publish(message))
}

// A channel keeps its subscribers only while somebody holds it, so each is made once and kept here.
export const processSpawn: Channel = channel('sluicegate:process:spawn')
export const processError: Channel = channel('sluicegate:process:error')
export const processExit: Channel = channel('sluicegate:process:exit')
export const processPark: Channel = channel('sluicegate:process:park')
export const processResume: Channel = channel('sluicegate:process:resume')
export const channelPark: Channel = channel('sluicegate:channel:park')
export const channelResume: Channel = channel('sluicegate:channel:resume')
export const channelDrop: Channel = channel('sluicegate:channel:drop')
export const queueDrop: Channel = channel('sluicegate:queue:drop')
