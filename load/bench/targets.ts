import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, type Servers, startServer } from './server-process.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Starts one side of a comparison in fresh processes. */
export type StartTarget = () => Promise<Servers>

/** A file of `baselines/`, which may ask for the backend. Those over the gateway's transport read it as a source. */
export function baseline(file: string, backend: string, nodeOptions: readonly string[] = []): StartTarget {
  const loader = file.startsWith('transport-') ? ['--import', 'tsx'] : []
  return () => startServer([...nodeOptions, ...loader, here(`baselines/${file}`)], { BACKEND: backend })
}

/**
 * The gateway as it is started for users: built, with the defaults of its settings, metrics on, access log off.
 * `nodeOptions` go to Node, such as `--cpu-prof`; `transport` chooses the server underneath.
 */
export function gateway(apis: string, nodeOptions: readonly string[] = [], transport?: string): StartTarget {
  const env = transport === undefined ? {} : { POSTERN_TRANSPORT: transport }
  return () => startServer([...nodeOptions, ...gatewayArguments(apis)], env)
}

/** The key with which callers of a gateway sign, and its settings. */
const accessKey = { accessKeyId: 'AKIDBENCHBENCHBE', secretAccessKey: 'no-secret-of-the-bench' }

/** The gateway with callers who sign, each request, by the access key of a user who may post. */
export function signedGateway(apis: string, nodeOptions: readonly string[] = [], transport?: string): StartTarget {
  const args = [...nodeOptions, ...gatewayArguments(apis), '--config', here('signed.yaml')]
  const env = {
    BENCH_SECRET: accessKey.secretAccessKey,
    ...(transport !== undefined && { POSTERN_TRANSPORT: transport }),
  }
  return async () => ({ ...(await startServer(args, env)), load: { accessKey } })
}

/** The gateway with a limit of the account; its stage `limited` has others. */
export function throttledGateway(apis: string, nodeOptions: readonly string[] = [], transport?: string): StartTarget {
  const env = transport === undefined ? {} : { POSTERN_TRANSPORT: transport }
  return () => startServer([...nodeOptions, ...gatewayArguments(apis), '--config', here('throttled.yaml')], env)
}

/** A gateway with other definitions than those of the bench; `change` makes its `api.yaml` of the text of theirs. */
export async function changedGateway(
  apis: string,
  change: (definition: string) => string,
  { nodeOptions = [], transport }: { readonly nodeOptions?: readonly string[]; readonly transport?: string } = {},
): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  await cp(apis, folder, { recursive: true })
  const file = join(folder, 'bench', 'api.yaml')
  await writeFile(file, change(await readFile(file, 'utf8')))
  const server = await gateway(folder, nodeOptions, transport)()
  return {
    ...server,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The arguments with which Node starts a gateway on free ports. */
export function gatewayArguments(apis: string): string[] {
  return [
    here('../../dist/cli/main.js'),
    'start',
    apis,
    '--default-api',
    'bench',
    '--port',
    '0',
    '--management-port',
    '0',
  ]
}

/** A copy of `apis/` whose stage variables name the backend. */
export async function prepareApis(backend: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  await cp(here('apis'), path, { recursive: true })
  for (const api of ['bench', 'web']) {
    const file = join(path, api, 'api.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('http://127.0.0.1:1 ', `${backend} `))
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** The HTTP backend behind the proxy row. */
export function startBackend(): Promise<ServerProcess> {
  return startServer([here('baselines/backend.mjs')])
}
