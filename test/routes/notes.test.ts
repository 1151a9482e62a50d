import { expect, test } from 'vitest'
import { Client } from '../helpers/client.ts'
import { copyExample, startExamples } from '../helpers/examples.ts'

test('notes are written, read and thrown away, and the room is told of each', async () => {
  const { ws, port } = await startExamples()
  const member = await Client.connect(`${ws}/rooms/dev?room=notes&name=me`)
  const { http } = await startExamples(await copyExample('notes', '127.0.0.1:8080/rooms', `127.0.0.1:${port}/rooms`))
  const url = `${http}/notes/notes`
  expect(await (await fetch(url)).json()).toEqual([])
  const added = await fetch(url, { method: 'POST', body: '{"text":"buy milk"}' })
  expect(added.status).toBe(201)
  const note = (await added.json()) as { id: string }
  expect(note).toEqual({ id: expect.any(String), text: 'buy milk' })
  expect(JSON.parse(await member.next())).toEqual({ type: 'note', ...note })
  expect(await (await fetch(url)).json()).toEqual([note])
  expect(await (await fetch(`${url}/${note.id}`)).json()).toEqual(note)
  expect((await fetch(url, { method: 'POST', body: 'milk' })).status).toBe(400)
  expect((await fetch(`${url}/${note.id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await fetch(`${url}/${note.id}`)).status).toBe(404)
  const preflight = { Origin: 'https://x.example', 'Access-Control-Request-Method': 'POST' }
  const asked = await fetch(url, { method: 'OPTIONS', headers: preflight })
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
  member.close()
})
