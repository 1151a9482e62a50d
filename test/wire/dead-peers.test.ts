import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

let backend: Backend
let gateway: TestGateway
beforeAll(async () => {
  backend = await startBackend()
  gateway = await startGateway(
    {
      routes: {
        $default: says('hello'),
        $disconnect: {
          integration: {
            integrationType: 'HTTP_PROXY',
            integrationMethod: 'POST',
            integrationUri: backend.url,
            requestParameters: {
              'integration.request.header.code': 'context.disconnectStatusCode',
              'integration.request.header.reason': 'context.disconnectReason',
            },
          },
        },
      },
    },
    // The shortest that can be set.
    { flags: { pingIntervalInSeconds: '8' } },
  )
})
afterAll(async () => {
  await gateway.close()
  await backend.close()
})

const clientProgram = `
  const { WebSocket } = require('ws')
  const socket = new WebSocket(process.argv[1])
  socket.on('open', () => console.log('open'))`

test('a client that stops without a word is dropped when it answers no ping, with 1006; one that is silent and answers stays', async () => {
  const child = spawn(process.execPath, ['-e', clientProgram, gateway.ws], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  // Its kernel goes on taking bytes, as that of a machine does whose program hangs.
  child.kill('SIGSTOP')

  const silent = await Client.connect(gateway.ws)
  let pings = 0
  silent.socket.on('ping', () => pings++)

  const { headers } = await backend.call(1)
  expect(headers).toMatchObject({ code: '1006', reason: 'Connection closed abnormally' })
  const metrics = await readMetrics(gateway.managementPort)
  expect(metrics.get('postern_closes_total{api="test",reason="peerUnresponsive",stage="dev"}')).toBe(1)
  expect(pings).toBeGreaterThan(0)
  silent.send('still here')
  expect(await silent.next()).toBe('hello')
  silent.close()
  await backend.call(2)
}, 60_000)
