import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { onTestFinished } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { stringify } from 'yaml'
import type { LoadResult, SecondResult } from '../../../load/src/contract.ts'
import { type LoadRun, startLoad } from '../../../load/src/run/run-load.ts'
import { readScenario, type Scenario } from '../../../load/src/scenario/read-scenario.ts'

export interface PlayOptions {
  readonly workers?: number
  readonly env?: Record<string, string>
  /** Files beside the scenario. */
  readonly files?: Record<string, string>
  readonly onSecond?: (second: SecondResult) => void
}

/** Reads a scenario as from a file. */
export async function scenarioOf(definition: object, options: PlayOptions = {}): Promise<Scenario> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-load-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'test.yaml')
  await writeFile(file, stringify(definition))
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(folder, name), text)
  const { scenario, faults } = await readScenario(file, { env: options.env ?? {} })
  if (scenario === null) throw new Error(faults.map(formatFault).join('\n'))
  return scenario
}

export async function begin(definition: object, options: PlayOptions = {}): Promise<LoadRun> {
  const { onSecond } = options
  const run = startLoad(await scenarioOf({ settle: '5s', ...definition }, options), {
    workers: options.workers ?? 1,
    ownsTarget: false,
    version: 'test',
    ...(onSecond === undefined ? {} : { onSecond }),
  })
  onTestFinished(() => run.kill())
  return run
}

/** Plays a scenario in real worker processes. */
export async function play(definition: object, options: PlayOptions = {}): Promise<LoadResult> {
  return (await begin(definition, options)).result
}

export interface TestServer {
  readonly port: number
  readonly ws: string
  readonly http: string
  readonly sockets: ReadonlySet<WebSocket>
}

export interface TestServerOptions {
  onConnection?(socket: WebSocket, request: IncomingMessage): void
  onRequest?(request: IncomingMessage, body: string, response: ServerResponse): void
  /** Called for each handshake, which is answered once it calls `pass`. */
  onUpgrade?(pass: () => void): void
  /** Makes the HTTP or HTTPS server that it stands on. */
  createServer?(): Server
}

/** A ws server that knows what it did: the truth that a result is compared with. */
export async function startServer({
  onConnection,
  onRequest,
  onUpgrade,
  createServer,
}: TestServerOptions): Promise<TestServer> {
  const http = createServer?.() ?? createHttpServer()
  http.on('request', (request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => onRequest?.(request, body, response))
  })
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  http.on('upgrade', (request, socket, head) => {
    const pass = () =>
      server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request))
    if (onUpgrade === undefined) pass()
    else onUpgrade(pass)
  })
  server.on('connection', (socket, request) => onConnection?.(socket, request))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
    http.closeAllConnections()
    http.close()
  })
  const { port } = http.address() as AddressInfo
  const tls = createServer === undefined ? '' : 's'
  return {
    port,
    ws: `ws${tls}://127.0.0.1:${port}`,
    http: `http${tls}://127.0.0.1:${port}`,
    sockets: server.clients,
  }
}

/** Sends back whatever comes. */
export function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}
