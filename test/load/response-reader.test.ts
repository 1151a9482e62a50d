import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { RawConnection } from '../../load/client/raw-connection.ts'
import { ResponseReader } from '../../load/client/response-reader.ts'

test('every response of a real server is counted once with its status', async () => {
  const answers = [
    [200, ''],
    [204, ''],
    [410, ''],
    [200, 'x'.repeat(100_000)],
    [413, '{}'],
  ] as const
  let next = 0
  const server = createServer((_, response) => {
    const [status, body] = answers[next++] as (typeof answers)[number]
    response.writeHead(status, status === 204 ? {} : { 'Content-Length': body.length })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())

  const connection = new RawConnection((server.address() as AddressInfo).port)
  await connection.opened
  const statuses: number[] = []
  await new Promise<void>((resolve) => {
    const send = () => connection.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const reader = new ResponseReader((status) => {
      statuses.push(status)
      if (statuses.length === answers.length) resolve()
      else send()
    })
    connection.onBytes = (bytes, length) => reader.read(bytes, length)
    send()
  })
  expect(statuses).toEqual(answers.map(([status]) => status))
  connection.socket.destroy()
})

test('a stream of responses counts the same however small its pieces are', () => {
  const stream = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: now\r\n\r\nhelloHTTP/1.1 204 No Content\r\n\r\n' +
      'HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  )
  for (let size = 1; size <= stream.length; size++) {
    const statuses: number[] = []
    const reader = new ResponseReader((status) => statuses.push(status))
    for (let at = 0; at < stream.length; at += size) reader.read(stream.subarray(at, at + size))
    expect(statuses).toEqual([200, 204, 410, 200])
  }
})
