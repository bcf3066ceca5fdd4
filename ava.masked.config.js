// Everything that starts processes, for `npm run test:masked`, which takes system calls away from all of it.
import { shared } from './ava.config.js'

export default {
  ...shared,
  files: ['__test__/{process,streams,terminal,daemon,serial}/**/*.spec.ts', '!__test__/serial/stream-*.spec.ts'],
  concurrency: 1,
  timeout: '240s',
}
