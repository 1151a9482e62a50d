import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { startBackend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { repository, startExamples } from '../helpers/examples.ts'
import { startGateway } from '../helpers/postern.ts'

test('people come, take names, talk and go, and everyone hears of it', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  const bob = await Client.connect(`${ws}/chat/dev`)
  expect(JSON.parse(await ada.next())).toEqual({ type: 'joined', name: 'guest-2' })

  ada.send({ action: 'nick', name: 'ada' })
  expect(JSON.parse(await ada.next())).toEqual({ type: 'you', name: 'ada' })
  expect(JSON.parse(await bob.next())).toEqual({ type: 'renamed', from: 'guest-1', to: 'ada' })

  ada.send({ action: 'say', text: 'hello' })
  const said = { type: 'said', from: 'ada', text: 'hello' }
  expect(JSON.parse(await ada.next())).toEqual(said)
  expect(JSON.parse(await bob.next())).toEqual(said)

  bob.send({ action: 'who' })
  expect(JSON.parse(await bob.next())).toEqual({ type: 'people', names: ['ada', 'guest-2'] })

  bob.close()
  expect(JSON.parse(await ada.next())).toEqual({ type: 'left', name: 'guest-2' })
  expect([...ada.unread, ...bob.unread]).toEqual([])
})

test('what one says is told in its order: the function has returned before it gets the next', async () => {
  const backend = await startBackend()
  onTestFinished(() => backend.close())
  const text = await readFile(join(repository, 'routes/chat/api.yaml'), 'utf8')
  const { apiId: _, functions: __, ...api } = parse(text)
  const elsewhere = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url }
  const gateway = await startGateway({ ...api, integrations: { ...api.integrations, chat: elsewhere } })
  onTestFinished(() => gateway.close())
  const [ada, bob] = [await Client.connect(gateway.ws), await Client.connect(gateway.ws)]
  let finish = () => {}
  backend.answer = (call, response) => {
    if (call.body.includes('one')) finish = () => void response.end()
    else response.end()
  }
  ada.send({ action: 'say', text: 'one' })
  ada.send({ action: 'say', text: 'two' })
  await backend.call(3)
  bob.send({ action: 'say', text: 'three' })
  expect((await backend.call(4)).body).toContain('three')
  finish()
  expect((await backend.call(5)).body).toContain('two')
})

test('a client that is lost without a close frame has left, too', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  const bob = await Client.connect(`${ws}/chat/dev`)
  await ada.next()
  bob.socket.terminate()
  expect(JSON.parse(await ada.next())).toEqual({ type: 'left', name: 'guest-2' })
})

test('names are 1 to 20 letters, digits, - and _, and nobody has the name of another, whatever its case', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  const bob = await Client.connect(`${ws}/chat/dev`)
  await ada.next()
  const wrong = { type: 'error', message: 'a name is 1 to 20 letters, digits, - and _' }
  for (const name of ['', 'a b', 'x'.repeat(21), 7, null, undefined]) {
    ada.send({ action: 'nick', name })
    expect(JSON.parse(await ada.next())).toEqual(wrong)
  }
  ada.send({ action: 'nick', name: 'Ада' })
  expect(JSON.parse(await ada.next())).toEqual({ type: 'you', name: 'Ада' })
  await bob.next()
  bob.send({ action: 'nick', name: 'ада' })
  expect(JSON.parse(await bob.next())).toEqual({ type: 'error', message: 'ада is taken' })
  ada.send({ action: 'nick', name: 'Ада' })
  expect(JSON.parse(await ada.next())).toEqual({ type: 'you', name: 'Ада' })
  expect(bob.unread).toEqual([])
})

test('a guest does not get a name that somebody has taken', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  ada.send({ action: 'nick', name: 'Guest-2' })
  await ada.next()
  await Client.connect(`${ws}/chat/dev`)
  expect(JSON.parse(await ada.next())).toEqual({ type: 'joined', name: 'guest-3' })
})

test('a text that is empty or too long goes to nobody', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  for (const text of ['', '  ', undefined, 7]) {
    ada.send({ action: 'say', text })
    expect(JSON.parse(await ada.next())).toEqual({ type: 'error', message: 'text is missing or empty' })
  }
  ada.send({ action: 'say', text: 'x'.repeat(1001) })
  expect(JSON.parse(await ada.next())).toEqual({ type: 'error', message: 'text is longer than 1000' })
  ada.send({ action: 'say', text: 'x'.repeat(1000) })
  expect(JSON.parse(await ada.next())).toMatchObject({ type: 'said' })
})

test('whatever else comes is answered with the actions that there are', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/chat/dev`)
  for (const message of ['hello', '', '{}', '{"action":"sing"}', '[1]', '{"action":"$connect"}']) {
    ada.send(message)
    expect(await ada.next()).toBe('{"type":"help","actions":["nick","say","who"]}')
  }
})

test('a connection whose callback answers 410 is forgotten', async () => {
  const posts: string[] = []
  const callbacks = createServer((request, response) => {
    posts.push(`${request.method} ${request.url}`)
    response.writeHead(request.url?.endsWith('/gone%3D') ? 410 : 200).end()
  })
  callbacks.listen(0, '127.0.0.1')
  await once(callbacks, 'listening')
  onTestFinished(() => void callbacks.close())
  const file = join(repository, 'routes/chat/handlers.mjs')
  const { chat } = await import(pathToFileURL(file).href)
  process.env.SCHEME = 'http'
  onTestFinished(() => void delete process.env.SCHEME)
  const domainName = `127.0.0.1:${(callbacks.address() as AddressInfo).port}`
  const event = (routeKey: string, connectionId: string, body?: string) => ({
    requestContext: { routeKey, connectionId, domainName, stage: 'dev' },
    ...(body !== undefined && { body }),
  })

  await chat(event('$connect', 'gone='))
  // The list of people is empty after a restart of the function: this one is not on it, and is welcome all the same.
  await chat(event('say', 'here=', '{"action":"say","text":"hello"}'))
  expect(posts.sort()).toEqual(['POST /dev/@connections/gone%3D', 'POST /dev/@connections/here%3D'])
  const { body } = await chat(event('who', 'here=', '{"action":"who"}'))
  expect(JSON.parse(body)).toEqual({ type: 'people', names: ['guest-2'] })
})
