// What a user installs: needs the tarballs that scripts/pack.mjs leaves behind.
import { shared } from './ava.config.js'

export default { ...shared, files: ['__test__/pack/**/*.spec.ts'], concurrency: 1, timeout: '240s' }
