import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { startBackend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { minimalApi } from '../helpers/postern.ts'
import { startProcess } from '../helpers/process.ts'

// With these two, glibc writes over memory as soon as it is freed: with a pattern that a server which still reads there
// takes for "close this connection". Elsewhere they change nothing.
const overwriteFreed = { MALLOC_PERTURB_: '16', GLIBC_TUNABLES: 'glibc.malloc.tcache_count=0' }

test('a handshake that its backend answers late leaves a connection that stays open, whatever freed memory holds', async () => {
  const backend = await startBackend()
  onTestFinished(() => backend.close())
  const directory = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const integration = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url }
  const routes = { $connect: { integration }, $default: says('hello') }
  await writeFile(join(directory, 'api.yaml'), stringify({ ...minimalApi, routes }))
  const gateway = await startProcess([directory], overwriteFreed)
  onTestFinished(async () => {
    gateway.child.kill('SIGKILL')
    await gateway.exited
  })

  backend.answer = (_call, response) => void response.writeHead(200, { 'Sec-WebSocket-Protocol': 'a, b' }).end()
  const url = `ws://127.0.0.1:${gateway.port}/test/dev`
  for (let i = 0; i < 20; i++) {
    const client = new Client(url)
    // ws does not take two protocols for an answer, so the 101 is looked at and the client left.
    const { 'sec-websocket-protocol': protocol } = await client.accepted
    expect(protocol).toBe('a, b')
    await client.closed
  }
  backend.answer = (_call, response) => void response.end()
  for (let i = 0; i < 50; i++) {
    const client = await Client.connect(url)
    client.send('are you there')
    expect(await Promise.race([client.next(), client.closed])).toBe('hello')
    client.close()
  }
  expect(gateway.errors).toEqual([])
})
