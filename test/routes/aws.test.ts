import { expect, test } from 'vitest'
import { Client } from '../helpers/client.ts'
import { startExamples } from '../helpers/examples.ts'

test('the SDK in a handler looks a connection up', async () => {
  const { ws } = await startExamples()
  const client = await Client.connect(`${ws}/aws/dev`, { headers: { 'User-Agent': 'demo/1.0' } })
  client.send({ action: 'about' })
  const about = JSON.parse(await client.next())
  expect(about.identity).toEqual({ SourceIp: '127.0.0.1', UserAgent: 'demo/1.0' })
  expect(about.connectionId).toMatch(/^[\w-]{15}=$/)
  expect(Date.parse(about.lastActiveAt)).toBeGreaterThanOrEqual(Date.parse(about.connectedAt))
})

test('the SDK in a handler posts to another connection, and says when that one has left', async () => {
  const { ws } = await startExamples()
  const ada = await Client.connect(`${ws}/aws/dev`)
  const bob = await Client.connect(`${ws}/aws/dev`)
  const ids: string[] = []
  for (const client of [ada, bob]) {
    client.send({ action: 'about' })
    ids.push(JSON.parse(await client.next()).connectionId)
  }
  const [adaId, bobId] = ids
  ada.send({ action: 'send', to: bobId, data: { text: 'hi' } })
  expect(JSON.parse(await bob.next())).toEqual({ from: adaId, data: { text: 'hi' } })

  bob.close()
  await bob.closed
  ada.send({ action: 'send', to: bobId, data: 'still there?' })
  expect(JSON.parse(await ada.next())).toEqual({ notSent: 'GoneException', to: bobId })
  ada.send({ action: 'send', to: 'nobody', data: 'hm' })
  expect(JSON.parse(await ada.next())).toEqual({ notSent: 'BadRequestException', to: 'nobody' })
})

test('the SDK in a handler closes a connection', async () => {
  const { ws } = await startExamples()
  const client = await Client.connect(`${ws}/aws/dev`)
  client.send({ action: 'leave' })
  expect(await client.closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' })
})

test('whatever else comes is answered with the actions that there are', async () => {
  const { ws } = await startExamples()
  const client = await Client.connect(`${ws}/aws/dev`)
  client.send('hello')
  expect(await client.next()).toBe('{"actions":["send","about","leave"]}')
})
