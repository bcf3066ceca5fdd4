// Where the addon is looked for, and what is said when it can't be had. Importing never fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { environment } from '../../src/native/environment.ts'
import { PLATFORM_TAGS, platformTag } from '../../src/native/platform.ts'
import { isSupported } from '../../src/native/support.ts'

test('an addon that is missing or broken is one typed error with what was tried and the remedy', t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluicegate-'))
  const file = join(folder, `sluicegate.${platformTag()}.node`)
  process.env['SLUICEGATE_NATIVE_PATH'] = folder
  try {
    const missing = t.throws(() => environment(), { code: 'ERR_PLATFORM_UNSUPPORTED' })
    t.true(missing.message.includes(file))
    t.true(missing.message.includes('SLUICEGATE_NATIVE_PATH'))
    writeFileSync(file, 'no library')
    const broken = t.throws(() => environment(), { code: 'ERR_PLATFORM_UNSUPPORTED' })
    t.truthy(broken.cause)
    const support = isSupported()
    t.false(support.process)
    t.true(support.reason?.includes(file))
  } finally {
    delete process.env['SLUICEGATE_NATIVE_PATH']
    rmSync(folder, { recursive: true })
  }
})

test('the tag names the loader of this process', t => {
  if (process.platform === 'linux') t.regex(platformTag(), /^linux-\w+-(gnu|musl)$/)
  t.is(new Set(PLATFORM_TAGS).size, 6)
})
