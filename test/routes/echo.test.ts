import { expect, test } from 'vitest'
import { Client } from '../helpers/client.ts'
import { startExamples } from '../helpers/examples.ts'

test('ping is answered with pong', async () => {
  const { ws } = await startExamples()
  const client = await Client.connect(`${ws}/echo/dev`)
  client.send({ action: 'ping' })
  expect(await client.next()).toBe('{"type":"pong"}')
})

test('the request template picks the answer by what is in the message', async () => {
  const { ws } = await startExamples()
  const client = await Client.connect(`${ws}/echo/dev`)
  const outdated = { type: 'version', upToDate: false, message: 'Please update to version 3' }
  for (const [version, expected] of [
    [2, outdated],
    [undefined, outdated],
    ['3', outdated],
    [3, { type: 'version', upToDate: true }],
    [10, { type: 'version', upToDate: true }],
  ]) {
    client.send({ action: 'version', client: version })
    expect(JSON.parse(await client.next())).toEqual(expected)
  }
})

test('everything else is answered with what the gateway knows of the message', async () => {
  const { ws, http } = await startExamples()
  const client = await Client.connect(`${ws}/echo/dev`)
  for (const message of ['hello', '', '{"action":"sing"}']) {
    client.send(message)
    const { type, connectionId, messageId, requestTime, sourceIp } = JSON.parse(await client.next())
    expect({ type, sourceIp }).toEqual({ type: 'echo', sourceIp: '127.0.0.1' })
    expect(messageId).toMatch(/^[\w-]{15}=$/)
    expect(requestTime).toMatch(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/)
    const posted = await fetch(`${http}/echo/dev/@connections/${connectionId}`, { method: 'POST', body: 'pushed' })
    expect(posted.status).toBe(200)
    expect(await client.next()).toBe('pushed')
  }
})
