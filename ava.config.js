// The ordinary specs. Those that kill, stop or starve whole trees live in __test__/serial and run alone.
export const shared = {
  extensions: { ts: 'module' },
  nodeArguments: ['--import=@oxc-node/core/register', '--enable-source-maps'],
  workerThreads: false,
  timeout: '120s',
  environmentVariables: { NODE_ENV: 'test' },
}

export default {
  ...shared,
  files: ['__test__/**/*.spec.ts', '!__test__/{serial,stress,pack}/**'],
  concurrency: 2,
}
