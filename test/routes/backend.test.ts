import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import { Client, refused } from '../helpers/client.ts'
import { copyExample, type Examples, repository, startExamples } from '../helpers/examples.ts'

/** `node routes/backend/server.mjs`, as its README says, on a free port. */
async function startServer(port = 0): Promise<{ url: string; process: ChildProcess; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['routes/backend/server.mjs'], {
    cwd: repository,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  }
  onTestFinished(stop)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { url: String(line).replace('listening on ', ''), process: child, stop }
}

/** The example with its server on a port that is free. */
async function startExample(server: { url: string }): Promise<Examples> {
  return startExamples(await copyExample('backend', '127.0.0.1:3000', new URL(server.url).host))
}

test('the server answers messages and pushes to everyone on its own', async () => {
  const server = await startServer()
  const { ws } = await startExample(server)
  const ada = await Client.connect(`${ws}/backend/dev?name=ada`)
  const bob = await Client.connect(`${ws}/backend/dev?name=b%20b`)
  ada.send('hello')
  expect(JSON.parse(await ada.next())).toEqual({ name: 'ada', youSaid: 'hello' })
  bob.send('{"action":"x"}')
  expect(JSON.parse(await bob.next())).toEqual({ name: 'b b', youSaid: '{"action":"x"}' })

  const announced = await fetch(`${server.url}/announce`, { method: 'POST', body: 'lunch is ready' })
  expect(await announced.json()).toEqual({ sent: 2 })
  expect(await ada.next()).toBe('{"announcement":"lunch is ready"}')
  expect(await bob.next()).toBe('{"announcement":"lunch is ready"}')
})

test('the server decides who may connect, and nobody comes in without a name', async () => {
  const { ws } = await startExample(await startServer())
  const mallory = await refused(`${ws}/backend/dev?name=mallory`)
  expect(mallory.status).toBe(403)
  expect(mallory.body).toBe('{"message":"Not you"}')
  const nobody = await refused(`${ws}/backend/dev`)
  expect(nobody.status).toBe(400)
  expect(nobody.body).toContain('Missing required request parameters')
})

test('who has left is not announced to', async () => {
  const server = await startServer()
  const { ws } = await startExample(server)
  const ada = await Client.connect(`${ws}/backend/dev?name=ada`)
  const bob = await Client.connect(`${ws}/backend/dev?name=bob`)
  ada.close()
  await ada.closed
  const announced = await fetch(`${server.url}/announce`, { method: 'POST', body: 'still here?' })
  expect(await announced.json()).toEqual({ sent: 1 })
  expect(await bob.next()).toBe('{"announcement":"still here?"}')
})

test('the API loads without its server; handshakes fail until it runs, and open connections outlive it', async () => {
  // One that nobody takes while it is away.
  const first = await startServer(await freePort())
  const { ws, lines } = await startExample(first)
  const ada = await Client.connect(`${ws}/backend/dev?name=ada`)
  await first.stop()

  const answer = await refused(`${ws}/backend/dev?name=bob`)
  expect(answer.status).toBe(500)
  expect(answer.body).toContain('Internal server error')
  expect(lines.join('')).toContain('ECONNREFUSED')
  ada.send('hello')
  expect(await ada.next()).toMatch(/^\{"message": "Internal server error", /)

  const second = await startServer(Number(new URL(first.url).port))
  ada.send('hello again')
  // This server has not seen the connection begin.
  expect(JSON.parse(await ada.next())).toEqual({ name: null, youSaid: 'hello again' })
  await second.stop()
})

test('the server that nobody starts does not keep the examples from loading', async () => {
  const { ws } = await startExamples(join(repository, 'routes'))
  expect(await Client.connect(`${ws}/echo/dev`)).toBeDefined()
})
