import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type Postern, startPostern } from '../../src/app/start.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { transportFlags } from './test-transport.ts'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

export interface Examples extends Postern {
  /** URL of the gateway, `ws://127.0.0.1:port`. */
  readonly ws: string
  /** URL of the gateway, `http://127.0.0.1:port`. */
  readonly http: string
  /** The log so far. */
  readonly lines: string[]
}

/** Serves every API of a folder, the examples unless told, on free ports; closed when the test is over. */
export async function startExamples(dir = join(repository, 'routes')): Promise<Examples> {
  const flags = { dir, port: '0', managementPort: '0', ...transportFlags }
  const { settings, faults } = await readSettings({ flags, env: {}, file: null })
  if (settings === null) throw new Error(faults.map((fault) => fault.message).join('\n'))
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const postern = await startPostern(settings, { destination, environment: process.env, version: 'test' })
  onTestFinished(() => postern.close())
  if (postern.faults.length > 0) throw new Error(postern.faults.map((fault) => fault.message).join('\n'))
  const authority = `127.0.0.1:${postern.port}`
  return { ...postern, ws: `ws://${authority}`, http: `http://${authority}`, lines }
}

/** A copy of one example with a text in its api.yaml replaced, in a folder that can be served. */
export async function copyExample(name: string, replaced: string, by: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await cp(join(repository, 'routes', name), join(dir, name), { recursive: true })
  const file = join(dir, name, 'api.yaml')
  const text = await readFile(file, 'utf8')
  if (!text.includes(replaced)) throw new Error(`no ${replaced} in ${name}/api.yaml`)
  await writeFile(file, text.replaceAll(replaced, by))
  return dir
}
