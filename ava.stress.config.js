// Long runs under load: not part of `npm test`, part of the nightly workflow.
import { shared } from './ava.config.js'

export default { ...shared, files: ['__test__/stress/**/*.spec.ts'], concurrency: 1, timeout: '20m' }
