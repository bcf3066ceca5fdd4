// Everything of the package that has no optional dependency.
export * from './src/process/index.ts'
export * from './src/channel/index.ts'
export * from './src/flow/index.ts'
