// What a stage can be fed from.
export { FunctionOrigin, isThenable, type ProduceFunction } from './function.ts'
export type { Origin, Pulled } from './origin.ts'
export { manyOrigin, sourceOrigin, type Source } from './choice.ts'
