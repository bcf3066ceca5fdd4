// Specs whose faults would disturb a neighbour: one file at a time.
import { shared } from './ava.config.js'

export default { ...shared, files: ['__test__/serial/**/*.spec.ts'], concurrency: 1, timeout: '240s' }
