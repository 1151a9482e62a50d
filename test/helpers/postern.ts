import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Postern, startPostern } from '../../src/app/start.ts'
import { readSettings } from '../../src/config/read-settings.ts'

/** A definition as a test spells it: what the schema would take, before defaults. */
export type Definition = Record<string, unknown>

export interface TestGateway extends Postern {
  /** `http://127.0.0.1:port/test/dev`: the stage of the API that `startGateway` was given. */
  readonly http: string
  /** The same as `ws://`. */
  readonly ws: string
  /** Lines of both logs so far; those of the gateway's own are JSON. */
  readonly lines: string[]
  /** Folder of the definition: files may be added before and after the start. */
  readonly directory: string
  /** Writes the definition anew and reloads. */
  redefine(definition: Definition): Promise<void>
}

/** What a test's API is unless it says otherwise: one MOCK route that answers, so that anything can connect. */
export const minimalApi: Definition = {
  apiId: 'test',
  protocolType: 'WEBSOCKET',
  routeSelectionExpression: '$request.body.action',
  routes: {},
  stages: { dev: {} },
}

/** A gateway on free ports with one API, `test`, merged over `minimalApi`. `flags` are those of the command line. */
export async function startGateway(
  definition: Definition = {},
  options: {
    flags?: Record<string, string | boolean>
    files?: Record<string, string>
    env?: Record<string, string>
  } = {},
): Promise<TestGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  const write = (each: Definition) => writeFile(join(directory, 'api.yaml'), stringify({ ...minimalApi, ...each }))
  await write(definition)
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(directory, name), text)
  const { settings, faults } = await readSettings({
    flags: { dir: directory, port: '0', managementPort: '0', logLevel: 'debug', ...options.flags },
    env: options.env ?? {},
    file: null,
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
      await rm(directory, { recursive: true, force: true })
    },
  }
}
