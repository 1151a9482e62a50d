import type { Browser, Page } from 'playwright-core'
import { WebSocketServer } from 'ws'
import type { ManagementOptions } from '../../src/management/handlers.ts'
import { startTestManagement } from '../helpers/management.ts'

/** Answers as the tests' API: it echoes, and words in a message make it do other things. */
function answer(text: string, socket: import('ws').WebSocket): void {
  if (text === 'silence') return
  if (text === 'close me') return socket.close(4321, 'as you wish')
  if (text === 'idle') return socket.close(1001, 'Going away')
  if (text === 'vanish') return socket.terminate()
  if (text === 'binary') return socket.send(Buffer.from([1, 2, 3]))
  if (text.startsWith('flood ')) {
    for (let i = 0; i < Number(text.slice(6)); i++) socket.send(`flood ${i}`)
    return
  }
  socket.send(text)
}

/**
 * A stand-in for the gateway: a `ws` server whose connections the real management port lists and reaches, so that
 * the page can be tested with answers that no gateway gives.
 */
export async function startPlaygroundServer(overrides: Partial<ManagementOptions> = {}) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
    verifyClient: ({ req }: { req: import('node:http').IncomingMessage }) => !req.url?.includes('refuse'),
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as import('node:net').AddressInfo
  const seen: { url: string }[] = []
  const management = await startTestManagement({
    gateway: () => ({ scheme: 'ws', host: '127.0.0.1', port }),
    apis: () => [
      {
        apiId: 'chat',
        routeSelectionExpression: '$request.body.action',
        stages: [
          { stage: 'dev', routeKeys: ['$connect', '$default', 'join', 'sendMessage'], connections: 0 },
          { stage: 'prod', routeKeys: ['$default'], connections: 0 },
        ],
      },
      {
        apiId: 'echo',
        routeSelectionExpression: null,
        stages: [{ stage: 'v1', routeKeys: ['$default'], connections: 0 }],
      },
    ],
    ...overrides,
  })
  server.on('connection', (socket, request) => {
    const [, apiId = '', stage = ''] = (request.url ?? '').split(/[/?]/)
    seen.push({ url: request.url ?? '' })
    const { connectionId } = management.add({ apiId, stage, userAgent: request.headers['user-agent'] ?? null })
    management.sockets.live.set(connectionId, socket)
    socket.on('message', (data) => answer(data.toString(), socket))
    socket.on('close', () => {
      management.registry.remove(connectionId)
      management.sockets.records.delete(connectionId)
    })
  })
  return {
    ...management,
    seen,
    async close() {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
      management.close()
    },
  }
}

/** A page that fails its test when it breaks its own content policy, throws, or asks anything of another host. */
export async function openPage(browser: Browser, url: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && /content security policy/i.test(message.text())) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) faults.push(`asked for ${request.url()}`)
  })
  await page.goto(url)
  return { page, faults }
}

/** The entries that the log shows, each with its kind, text and notes. */
export function shownEntries(page: Page): Promise<string[]> {
  return page
    .locator('#log > li:not([hidden])')
    .evaluateAll((entries) =>
      entries.map((entry) =>
        [
          entry.querySelector('.kind')?.textContent,
          entry.querySelector('.entry-text')?.textContent,
          ...Array.from(entry.querySelectorAll('.note'), (note) => note.textContent),
        ].join(' | '),
      ),
    )
}
