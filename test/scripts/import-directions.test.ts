import { expect, test } from 'vitest'
import { importFaults } from '../../scripts/import-directions.ts'

/** The faults of a tree, its paths below src/ unless they name a workspace, in which whatever is imported exists. */
function faultsOf(sources: Record<string, string>): string[] {
  const rooms = ['app/start.ts', 'config/settings.ts', 'stages/stage.ts', 'registry/contract.ts', 'registry/memory.ts']
  const there = [...rooms, 'transport/contract.ts', 'registry/group-contract.ts', 'vocabulary/ids.ts'].map(
    (file) => [file, ''] as const,
  )
  const workspaces = ['documents/src/faults.ts', 'load/src/cli/run.ts'].map((file) => [file, ''] as const)
  const below = (file: string) => (file.includes('/src/') ? file : `src/${file}`)
  const files = [...there, ...Object.entries(sources)].map(([file, source]) => [below(file), source] as const)
  return importFaults(new Map([...workspaces, ...files]))
}

test('arrows that point down are fine', () => {
  const faults = faultsOf({
    'cli/start.ts':
      "import { startPostern } from '../app/start.ts'\nimport type { Settings } from '../config/settings.ts'",
    'gateway/message.ts': "import type { Registry } from '../registry/contract.ts'\nimport './steps.ts'",
    'gateway/groups.ts': "import type { Groups } from '../registry/group-contract.ts'",
    'gateway/steps.ts': "import { x } from '../vocabulary/ids.ts'\nimport { y } from 'node:fs'\nimport z from 'undici'",
    'transport/uws.ts': "import { App } from 'uWebSockets.js'",
  })
  expect(faults).toEqual([])
})

test.each([
  ["import { x } from '../app/start.ts'", 'src/gateway/a.ts:1: gateway may not import app (../app/start.ts)'],
  [
    "import type { x } from '../config/settings.ts'",
    'src/gateway/a.ts:1: gateway may not import config (../config/settings.ts)',
  ],
  [
    "\n\nimport {\n  x,\n  y,\n} from '../config/settings.ts'",
    'src/gateway/a.ts:6: gateway may not import config (../config/settings.ts)',
  ],
  ["export { x } from '../app/start.ts'", 'src/gateway/a.ts:1: gateway may not import app (../app/start.ts)'],
  ["export * from '../app/start.ts'", 'src/gateway/a.ts:1: gateway may not import app (../app/start.ts)'],
  ["import '../app/start.ts'", 'src/gateway/a.ts:1: gateway may not import app (../app/start.ts)'],
  ["const x = await import('../app/start.ts')", 'src/gateway/a.ts:1: gateway may not import app (../app/start.ts)'],
  [
    "import { x } from '../registry/memory.ts'",
    'src/gateway/a.ts:1: gateway may import contracts of registry only (../registry/memory.ts)',
  ],
  ["import { App } from 'uWebSockets.js'", 'src/gateway/a.ts:1: only transport may import uWebSockets.js'],
  ["import { x } from './gone.ts'", 'src/gateway/a.ts:1: ./gone.ts does not exist'],
  ["import { x } from '../../scripts/generate.ts'", 'src/gateway/a.ts:1: ../../scripts/generate.ts is outside of src/'],
])('%j in gateway/ is a fault', (source, fault) => {
  expect(faultsOf({ 'gateway/a.ts': source })).toEqual([fault])
})

test('vocabulary imports nothing', () => {
  expect(faultsOf({ 'vocabulary/a.ts': "import { x } from '../registry/contract.ts'" })).toEqual([
    'src/vocabulary/a.ts:1: vocabulary may not import registry (../registry/contract.ts)',
  ])
})

test('a folder without a line in the table is a fault', () => {
  expect(faultsOf({ 'helpers/a.ts': "import { x } from '../vocabulary/ids.ts'" })).toEqual([
    'src/helpers/a.ts:1: helpers is no room: give it a line in scripts/import-directions.ts',
  ])
})

test('a workspace is imported by the name of its package, and imports nothing of the gateway', () => {
  const faults = faultsOf({
    'gateway/a.ts': "import type { Fault } from 'postern-documents/faults'\nimport 'postern-documents/gone'",
    'vocabulary/b.ts': "import type { Fault } from '../../documents/src/faults.ts'",
    'documents/src/c.ts': "import './faults.ts'\nimport 'zod'\nimport '../../src/vocabulary/ids.ts'",
  })
  expect(faults).toEqual([
    'src/gateway/a.ts:2: postern-documents/gone does not exist',
    'src/vocabulary/b.ts:1: ../../documents/src/faults.ts is outside of src/',
    'documents/src/c.ts:3: ../../src/vocabulary/ids.ts is outside of documents/src/',
  ])
})

test('the load tool imports nothing of the gateway, and nothing of the bench beside it', () => {
  const faults = faultsOf({
    'load/src/a.ts': "import type { Fault } from 'postern-documents/faults'\nimport '../../src/vocabulary/ids.ts'",
    'load/src/b.ts': "import '../bench/measure.ts'",
    'documents/src/c.ts': "import 'postern-load/cli/run'",
  })
  expect(faults).toEqual([
    'load/src/a.ts:2: ../../src/vocabulary/ids.ts is outside of load/src/',
    'load/src/b.ts:1: ../bench/measure.ts is outside of load/src/',
    'documents/src/c.ts:1: documents may not import load (postern-load/cli/run)',
  ])
})

test('the gateway imports the load tool in one place, and only when it is asked for', () => {
  const handOver = "const tool = await import('postern-load/cli/run')"
  expect(faultsOf({ 'cli/load.ts': handOver })).toEqual([])
  expect(
    faultsOf({
      'cli/load.ts': "import { run } from 'postern-load/cli/run'",
      'cli/a.ts': handOver,
      'app/b.ts': "import type { ToolIo } from '../../load/src/cli/run.ts'",
    }),
  ).toEqual([
    'src/cli/load.ts:1: src may not import load (postern-load/cli/run)',
    'src/cli/a.ts:1: src may not import load (postern-load/cli/run)',
    'src/app/b.ts:1: ../../load/src/cli/run.ts is outside of src/',
  ])
})

test('what stands in comments is no import', () => {
  const source =
    "/**\n * Such as:\n *\nimport { x } from '../app/start.ts'\n */\n// import { y } from '../app/start.ts'\n"
  expect(faultsOf({ 'gateway/a.ts': source })).toEqual([])
})

test('a ring is a fault once, with its shortest way round and how many are in it', () => {
  const faults = faultsOf({
    'gateway/a.ts': "import { b } from './b.ts'",
    'gateway/b.ts': "import { c } from './c.ts'\nimport { d } from './d.ts'",
    'gateway/c.ts': "import type { a } from './a.ts'",
    'gateway/d.ts': "import { b } from './b.ts'",
    'gateway/e.ts': "import { a } from './a.ts'",
  })
  expect(faults).toEqual([
    'ring: src/gateway/a.ts → src/gateway/b.ts → src/gateway/c.ts → src/gateway/a.ts (4 files reach each other)',
  ])
})

test('a file that imports itself is a ring', () => {
  expect(faultsOf({ 'gateway/a.ts': "import { a } from './a.ts'" })).toEqual([
    'ring: src/gateway/a.ts → src/gateway/a.ts',
  ])
})
