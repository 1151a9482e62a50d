import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Postern, startPostern } from '../../src/app/start.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { transportFlags } from './test-transport.ts'

/** A definition as a test spells it: what the schema would take, before defaults. */
export type Definition = Record<string, unknown>

export interface TestGateway extends Postern {
  /** URL of the stage of the API that `startGateway` was given, `http://127.0.0.1:port/test/dev`. */
  readonly http: string
  /** The same URL as `ws://`. */
  readonly ws: string
  /** Lines of both logs so far; those of the gateway's own are JSON. */
  readonly lines: string[]
  /** Folder of the definition. */
  readonly directory: string
  /** Writes the definition anew and reloads. */
  redefine(definition: Definition): Promise<void>
}

/** The API of a test unless it says otherwise: one MOCK route that answers, so that anything can connect. */
export const minimalApi: Definition = {
  apiId: 'test',
  protocolType: 'WEBSOCKET',
  routeSelectionExpression: '$request.body.action',
  routes: {},
  stages: { dev: {} },
}

export interface GatewayOptions {
  /** Settings as flags of the command line. */
  readonly flags?: Record<string, string | boolean>
  /** Files beside the definition. */
  readonly files?: Record<string, string>
  readonly env?: Record<string, string>
  /** The text of `postern.yaml`, for settings that have no flag. */
  readonly settings?: object
  /** Further APIs by their id, merged over `minimalApi`. */
  readonly apis?: Record<string, Definition>
}

/** Starts a gateway on free ports with one API, `test`, merged over `minimalApi`, and those of `options.apis`. */
export async function startGateway(definition: Definition = {}, options: GatewayOptions = {}): Promise<TestGateway> {
  const root = await mkdtemp(join(tmpdir(), 'postern-'))
  const directory = join(root, 'apis', 'test')
  const writeApi = async (apiId: string, each: Definition) => {
    await mkdir(join(root, 'apis', apiId), { recursive: true })
    await writeFile(join(root, 'apis', apiId, 'api.yaml'), stringify({ ...minimalApi, apiId, ...each }))
  }
  const write = (each: Definition) => writeApi('test', each)
  await write(definition)
  for (const [apiId, each] of Object.entries(options.apis ?? {})) await writeApi(apiId, each)
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(directory, name), text)
  const file = join(root, 'postern.yaml')
  await writeFile(file, stringify(options.settings ?? {}))
  const { settings, faults } = await readSettings({
    flags: {
      dir: join(root, 'apis'),
      port: '0',
      managementPort: '0',
      logLevel: 'debug',
      ...transportFlags,
      ...options.flags,
    },
    env: options.env ?? {},
    file,
  })
  if (settings === null) throw new Error(faults.map((fault) => fault.message).join('\n'))
  const lines: string[] = []
  const postern = await startPostern(settings, {
    destination: { write: (line) => void lines.push(line) },
    environment: process.env,
    version: 'test',
  }).catch((error) => {
    throw new Error(`${error.message}\n${lines.join('')}`, { cause: error })
  })
  if (postern.faults.length > 0) throw new Error(postern.faults.map((fault) => fault.message).join('\n'))
  const scheme = settings.tls === null ? '' : 's'
  return {
    ...postern,
    http: `http${scheme}://127.0.0.1:${postern.port}/test/dev`,
    ws: `ws${scheme}://127.0.0.1:${postern.port}/test/dev`,
    lines,
    directory,
    async redefine(each) {
      await write(each)
      const found = await postern.reload()
      if (found.length > 0) throw new Error(found.map((fault) => fault.message).join('\n'))
    },
    async close() {
      await postern.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
