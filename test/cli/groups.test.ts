import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { Client } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { httpCall } from '../helpers/http-call.ts'
import { startGateway, type TestGateway } from '../helpers/postern.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ routes: { $default: says('$context.connectionId') }, stages: { dev: {}, prod: {} } })
})
afterAll(() => gateway.close())

async function groups(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env' | 'readLines'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: `http://127.0.0.1:${gateway.managementPort}` },
    readLines: () => createInterface(Readable.from(['from standard\n', 'input\n'])),
  }
  const code = await run(['groups', ...args], io as Io)
  return { code, out, err }
}

async function member(group: string, stage = 'dev'): Promise<[Client, string]> {
  const client = await Client.connect(gateway.ws.replace(/dev$/, stage))
  onTestFinished(() => client.close())
  client.send('who am I')
  const id = await client.next()
  const path = `/test/${stage}/@groups/${encodeURIComponent(group)}/connections/${id}`
  expect((await httpCall('PUT', gateway.http, path)).status).toBe(204)
  return [client, id]
}

test('groups are listed, shown, pushed to and closed', async () => {
  const [one, a] = await member('kitchen')
  const [, b] = await member('kitchen')
  await member('..')
  expect(await groups('list', '--stage', 'dev')).toEqual({
    code: 0,
    out: 'CONNECTIONS  GROUP\n1            ..\n2            kitchen\n',
    err: '',
  })
  expect(await groups('list', '--stage', 'dev', '--json', '--limit', '1')).toEqual({
    code: 0,
    out: '{"name":"..","connections":1}\n',
    err: 'there are more than these 1; --limit shows more\n',
  })
  const shown = await groups('show', 'kitchen', '--stage', 'dev')
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out.split('\n').toSorted()).toEqual(['', 'kitchen: 2 connections', a, b].toSorted())
  expect(JSON.parse((await groups('show', '..', '--stage', 'dev', '--json')).out)).toMatchObject({ connections: 1 })
  expect(await groups('send', 'kitchen', 'hello', '--stage', 'dev')).toEqual({ code: 0, out: 'sent to 2\n', err: '' })
  expect(await one.next()).toBe('hello')
  await groups('send', 'kitchen', '-', '--stage', 'dev')
  expect(await one.next()).toBe('from standard\ninput')
  const close = ['close', 'kitchen', '--stage', 'dev', '--code', '4001', '--reason', 'late']
  expect(await groups(...close)).toEqual({ code: 0, out: 'closed 2\n', err: '' })
  expect(await one.closed).toMatchObject({ code: 4001, reason: 'late' })
  expect(await groups('show', 'kitchen', '--stage', 'dev')).toMatchObject({ code: 0, out: 'kitchen: 0 connections\n' })
})

test('the stage is asked for where there are several, and has to be there', async () => {
  expect(await groups('list')).toMatchObject({
    code: 1,
    err: expect.stringContaining('say which one by apiId and stage: test/dev, test/prod'),
  })
  expect(await groups('list', '--api', 'chat')).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no such stage; there are: test/dev, test/prod'),
  })
  expect(await groups('list', '--stage', 'prod')).toMatchObject({ code: 0, out: '', err: 'no groups\n' })
})

test('names, codes and numbers that are none are refused', async () => {
  expect(await groups('show', '', '--stage', 'dev')).toMatchObject({
    code: 1,
    err: expect.stringContaining('name has 1 to 256 bytes of UTF-8'),
  })
  expect((await groups('close', 'a', '--code', '99')).code).toBe(2)
  expect((await groups('list', '--limit', '0')).code).toBe(2)
})

test('a web page can make the port send nothing: the body has to be JSON by its type', async () => {
  const url = `http://127.0.0.1:${gateway.managementPort}`
  const send = (type: string, body: string, query = 'name=a&stage=dev') =>
    httpCall('POST', url, `/api/group?${query}`, { headers: { 'Content-Type': type }, body })
  expect((await send('text/plain', '{"data":"x"}')).status).toBe(415)
  expect((await send('text/plain', '{"data":"x"}', 'x=1')).status).toBe(415)
  expect((await send('application/json', '{}')).status).toBe(400)
  expect((await send('application/json', '{"data":"x"}', 'name=a&stage=dev&x=1')).status).toBe(400)
  expect((await send('application/json', JSON.stringify({ data: 'x'.repeat(131_073) }))).status).toBe(413)
  expect((await send('application/json', '{"data":"x"}')).status).toBe(200)
  expect((await httpCall('PUT', url, '/api/group?name=a')).status).toBe(405)
  expect((await httpCall('POST', url, '/api/groups')).status).toBe(405)
})
