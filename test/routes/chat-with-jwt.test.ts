import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Client, refused } from '../helpers/client.ts'
import { copyExample, repository, startExamples } from '../helpers/examples.ts'
import { startIssuer } from '../helpers/issuer.ts'
import { readPage } from '../helpers/markdown.ts'

test('the five lines of the docs protect the chat: whoever has a token of the issuer talks, and nobody else', async () => {
  const issuer = await startIssuer()
  onTestFinished(issuer.close)
  const { blocks } = readPage('docs/authorization.md')
  const block = blocks.find(({ text }) => text.includes('integration: chat, authorizationType: JWT'))?.text ?? ''
  const [added = '', changed = ''] = block.replace('https://id.example.com', issuer.url).split('routes:\n')
  expect((added + changed).trimEnd().split('\n')).toHaveLength(5)
  const connect = '  $connect: { integration: chat }\n'
  const dir = await copyExample('chat', connect, `${changed.trimEnd()}\n`)
  expect(await readFile(join(repository, 'routes/chat/api.yaml'), 'utf8')).toContain(`routes:\n${connect}`)
  await appendFile(join(dir, 'chat/api.yaml'), added)
  const { ws } = await startExamples(dir)

  expect((await refused(`${ws}/chat/dev`)).status).toBe(401)
  expect((await refused(`${ws}/chat/dev`, { protocols: ['bearer', 'made.up.token'] })).status).toBe(401)
  const token = await issuer.token()
  const ada = await Client.connect(`${ws}/chat/dev`, { protocols: ['bearer', token] })
  expect((await ada.accepted)['sec-websocket-protocol']).toBe('bearer')
  const bob = await Client.connect(`${ws}/chat/dev`, { headers: { Authorization: `Bearer ${token}` } })
  expect(JSON.parse(await ada.next())).toMatchObject({ type: 'joined' })
  ada.send({ action: 'say', text: 'hello' })
  expect(JSON.parse(await bob.next())).toMatchObject({ type: 'said', text: 'hello' })
})
