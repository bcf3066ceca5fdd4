// Everything of the package that has no optional dependency.
export * from './src/process/index.ts'
