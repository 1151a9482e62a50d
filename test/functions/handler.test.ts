import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { locateHandler } from '../../src/functions/handler.ts'

let root: string
let api: string

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'postern-handler-')))
  api = join(root, 'api')
  mkdirSync(join(api, 'src', 'folder.mjs'), { recursive: true })
  for (const file of [
    'api/handlers.mjs',
    'api/old.cjs',
    'api/both.js',
    'api/both.mjs',
    'api/src/deep.js',
    'outside.mjs',
  ]) {
    writeFileSync(join(root, file), '')
  }
  symlinkSync(join(root, 'outside.mjs'), join(api, 'link.mjs'))
  symlinkSync(join(api, 'handlers.mjs'), join(api, 'inner.mjs'))
})

afterAll(() => rmSync(root, { recursive: true }))

test.each([
  ['handlers.join', 'handlers.mjs', 'join'],
  ['old.join', 'old.cjs', 'join'],
  ['both.join', 'both.js', 'join'],
  ['src/deep.join', 'src/deep.js', 'join'],
  ['handlers.api.join', 'handlers.mjs', 'api.join'],
  ['inner.join', 'handlers.mjs', 'join'],
])('%s is found beside api.yaml', (handler, file, exportName) => {
  expect(locateHandler(api, handler)).toEqual({ file: join(api, file), exportName, root: api })
})

test.each([
  ['missing.join', "handler 'missing.join' needs one of missing.js, missing.mjs, missing.cjs beside api.yaml"],
  [
    'src/folder.join',
    "handler 'src/folder.join' needs one of src/folder.js, src/folder.mjs, src/folder.cjs beside api.yaml",
  ],
  ['link.join', "handler 'link.join' leads out of the folder of api.yaml"],
  ['../outside.join', "handler '../outside.join' is not <file>.<export>, such as handlers.join"],
  ['src/../../outside.join', "handler 'src/../../outside.join' is not <file>.<export>, such as handlers.join"],
  ['/etc/passwd.join', "handler '/etc/passwd.join' is not <file>.<export>, such as handlers.join"],
  ['handlers', "handler 'handlers' is not <file>.<export>, such as handlers.join"],
])('%s is a fault', (handler, fault) => expect(locateHandler(api, handler)).toBe(fault))
