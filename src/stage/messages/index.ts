// Messages that are acknowledged.
export { Message } from './message.ts'
export { messages } from './messages.ts'
export type { BatcherOptions, MessageContext, Messages, MessagesOptions, ProcessorsOptions } from './types.ts'
