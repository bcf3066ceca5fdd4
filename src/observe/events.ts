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

/** `sluicegate:messages:start`: a step of a message pipeline begins. */
export interface MessagesStep {
  /** Of the pipeline. */
  readonly name: string
  /** Messages that a processor has got together; one of them at its handler; a batch at its; those that failed, at `onFailed`; an `ack`. */
  readonly step: 'processor' | 'message' | 'batch' | 'failed' | 'ack'
  /** Messages in it. */
  readonly count: number
}

/** `sluicegate:messages:stop`, and with an error `sluicegate:messages:error`: it has ended. */
export interface MessagesStepEnd extends MessagesStep {
  readonly durationMs: number
  readonly error?: unknown
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
export const messagesStart: Channel = channel('sluicegate:messages:start')
export const messagesStop: Channel = channel('sluicegate:messages:stop')
export const messagesError: Channel = channel('sluicegate:messages:error')
