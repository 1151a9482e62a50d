import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createFault, formatFault } from 'postern-documents/faults'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { checkDefinitions } from '../../src/app/check.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { minimalApi } from '../helpers/postern.ts'

let folder: string
afterEach(() => rmSync(folder, { recursive: true }))

/** The faults of an API with these files and these functions, the folder left out of their places. */
async function faultsOf(files: Record<string, string>, functions: Record<string, string>, loadsFunctions = true) {
  folder = mkdtempSync(join(tmpdir(), 'postern-check-'))
  const declared = Object.fromEntries(Object.entries(functions).map(([name, handler]) => [name, { handler }]))
  const all = { 'chat/api.yaml': stringify({ ...minimalApi, apiId: 'chat', functions: declared }), ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const { settings } = await readSettings({ flags: { dir: folder }, env: {}, file: null })
  if (settings === null) throw new Error('the settings have faults')
  const faults = await checkDefinitions(settings, (finding) => createFault({ file: 'postern.yaml' }, finding), {
    loadsFunctions,
  })
  return faults.map((fault) => formatFault(fault).replaceAll(`${folder}/`, ''))
}

const files = {
  'package.json': '{"type":"module"}',
  'chat/fine.js': 'exports.default = async () => {}\nsetInterval(() => {}, 1000)',
  'chat/syntax.mjs': 'export const a = 1\n\nexport const join = async () => {\n  return )\n}\n',
  'chat/old.cjs': '\nfunction ( {',
  'chat/deep.mjs': "export * from './lib/broken.mjs'",
  'chat/lib/broken.mjs': '\n\nexport const join = = 1\n',
  'chat/module.mjs': "// One\nimport 'no-such-package'\n",
  'chat/file.mjs': "// One\n// Two\n  import './no-such-file.mjs'\n",
  'chat/required.js': "const fs = require('node:fs')\nconst it = require('no-such-package')\n",
  'chat/named.mjs': "\nimport { nothing } from 'node:fs'\n",
  'chat/throws.mjs': "\n\nthrow new Error('at load')\n",
  'chat/exits.mjs': 'process.exit(3)',
  'chat/esm.js': 'export const join = async () => {}',
  'chat/other.mjs': 'export const number = 7',
}

test('what can not be loaded is a fault, in its place', async () => {
  const faults = await faultsOf(files, {
    fine: 'fine.default',
    syntax: 'syntax.join',
    old: 'old.join',
    deep: 'deep.join',
    module: 'module.join',
    file: 'file.join',
    required: 'required.join',
    named: 'named.join',
    throws: 'throws.join',
    exits: 'exits.join',
    esm: 'esm.join',
    missing: 'other.join',
    number: 'other.number',
    gone: 'gone.join',
  })
  expect(faults.filter((fault) => fault.includes('functions.fine'))).toEqual([])
  const found = (name: string) => faults.filter((fault) => fault.includes(`functions.${name}.handler`))
  for (const [name, place, message] of [
    ['syntax', 'chat/syntax.mjs:4:', "Runtime.UserCodeSyntaxError: Unexpected token ')'"],
    ['old', 'chat/old.cjs:2:', 'Runtime.UserCodeSyntaxError'],
    ['deep', 'chat/lib/broken.mjs:3:', 'Runtime.UserCodeSyntaxError'],
    ['module', 'chat/module.mjs:2:', "Runtime.ImportModuleError: Cannot find package 'no-such-package'"],
    ['file', 'chat/file.mjs:3:', 'Runtime.ImportModuleError'],
    ['required', 'chat/required.js:2:', 'Runtime.ImportModuleError'],
    ['named', 'chat/named.mjs:2:', "does not provide an export named 'nothing'"],
    ['throws', 'chat/throws.mjs:3:', 'Error: at load'],
    ['exits', 'chat/api.yaml:', 'exit status 3'],
    ['esm', 'chat/esm.js:1:', 'name it .mjs'],
    ['missing', 'chat/api.yaml:', 'Runtime.HandlerNotFound'],
    ['number', 'chat/api.yaml:', 'Runtime.HandlerNotFunction'],
    ['gone', 'chat/api.yaml:', 'needs one of gone.js'],
  ] as const) {
    expect(found(name), faults.join('\n')).toEqual([expect.stringContaining(message)])
    expect(found(name)[0]).toMatch(new RegExp(`^${place.replaceAll('.', '\\.')}\\d`))
  }
}, 60_000)

test('handlers are not loaded where that is left out', async () => {
  expect(await faultsOf(files, { syntax: 'syntax.join' }, false)).toEqual([])
})
