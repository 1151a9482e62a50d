import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { BenchConnection } from '../../../load/bench/client/bench-connection.ts'
import { ProtocolFault } from '../../../load/src/client/frame-codec.ts'
import { ResponseReader } from '../../../load/src/client/response-reader.ts'

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

  const connection = new BenchConnection((server.address() as AddressInfo).port)
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

test('chunked bodies, interim responses and bodies that end with the connection are told apart at every size', () => {
  const stream = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '5\r\nHTTP/\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n' +
      'HTTP/1.1 503 Busy\r\nTransfer-Encoding: gzip, chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n' +
      'HTTP/1.1 201 Created\r\n\r\nHTTP/1.1 429 Slow\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  )
  for (let size = 1; size <= stream.length; size++) {
    const responses: [number, boolean][] = []
    const reader = new ResponseReader((status, closes) => responses.push([status, closes]))
    for (let at = 0; at < stream.length; at += size) reader.read(stream.subarray(at, at + size))
    expect(responses).toEqual([
      [200, false],
      [503, false],
      [201, false],
      [429, true],
    ])
  }
})

test.each([
  'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'HTTP/1.1 2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlong\r\n',
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`,
])('what is no HTTP response is a fault: %#', (text) => {
  expect(() => new ResponseReader(() => {}).read(Buffer.from(text))).toThrow(ProtocolFault)
})
