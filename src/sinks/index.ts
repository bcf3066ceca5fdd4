// What values can be delivered to, behind one shape.
export { Watch, type Sink } from './sink.ts'
export { sinkFor } from './sink-for.ts'
