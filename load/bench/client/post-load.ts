import aws4 from 'aws4'
import { FrameReader, maskedTextFrame } from '../../src/client/frame-codec.ts'
import { ResponseReader } from '../../src/client/response-reader.ts'
import { BenchConnection } from './bench-connection.ts'
import { Lanes } from './lanes.ts'
import type { Load, LoadOptions } from './load.ts'
import type { LoadTally } from './tally.ts'

/**
 * WebSockets that receive and HTTP connections that post to them, each poster to the next WebSocket with each of its
 * requests. A WebSocket learns its own connection id from the reply to its first message, `{"connectionId":"…"}`.
 */
export function createPostLoad(options: LoadOptions, tally: LoadTally): Load {
  const { port, postPort = port, connections, posters = connections, path, message } = options
  const lanes = new Lanes()
  const receivers = Array.from({ length: connections }, () => new BenchConnection(port))
  const requests: Buffer[] = []

  /** A poster of its own for each WebSocket stays with it. */
  async function openPoster(first: number): Promise<void> {
    const poster = new BenchConnection(postPort)
    await poster.opened
    let turn = first
    let sentAt = 0
    const send = () => {
      sentAt = performance.now()
      poster.socket.write(requests[turn % requests.length] as Buffer)
      turn += posters
    }
    const responses = new ResponseReader((status) => {
      if (status !== 200) tally.error(`status ${status}`)
      tally.operation(performance.now() - sentAt)
      lanes.next(send)
    })
    poster.onBytes = (bytes, length) => responses.read(bytes, length)
    poster.socket.on('close', () => tally.error('a poster was lost'))
    lanes.add(send)
  }

  return {
    async open() {
      for (const receiver of receivers) {
        await receiver.opened
        requests.push(Buffer.from(postRequest(options, await openReceiver(receiver, path))))
        receiveBeside(receiver, message.length, tally)
      }
      for (let i = 0; i < posters; i++) await openPoster(i)
    },
    resume: () => lanes.resume(),
    pause: () => lanes.pause(),
  }
}

/** Opens a WebSocket and gives the connection id that the server has for it. */
export async function openReceiver(connection: BenchConnection, path: string): Promise<string> {
  await connection.upgrade(path)
  const reply = new Promise<string>((resolve) => {
    connection.onBytes = (bytes, length) => resolve(bytes.toString('utf8', 2, length))
  })
  connection.socket.write(maskedTextFrame('{"action":"whoami"}'))
  return (JSON.parse(await reply) as { connectionId: string }).connectionId
}

/** Reads what is posted to a WebSocket; anything but messages of the length that is posted is an error. */
export function receiveBeside(receiver: BenchConnection, messageBytes: number, tally: LoadTally): void {
  const frames = new FrameReader((bytes) => {
    if (bytes !== messageBytes) tally.error(`a frame of ${bytes} bytes`)
  })
  receiver.onBytes = (bytes, length) => frames.read(bytes, length)
  receiver.socket.on('close', () => tally.error('a WebSocket was lost'))
}

/** The headers are those that the AWS SDK for JavaScript sends, with a signature where the load has a key. */
function postRequest({ path, message, accessKey }: LoadOptions, connectionId: string): string {
  const target = `${path}/@connections/${encodeURIComponent(connectionId)}`
  const headers = {
    Host: 'localhost',
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(Buffer.byteLength(message)),
    'User-Agent': 'aws-sdk-js/3.1169.0',
    'Amz-Sdk-Request': 'attempt=1; max=3',
  }
  const request = { method: 'POST', path: target, service: 'execute-api', region: 'us-east-1', headers, body: message }
  // Good for five minutes: longer than a round.
  const sent = accessKey === undefined ? headers : (aws4.sign(request, accessKey).headers ?? headers)
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${target} HTTP/1.1\r\n${lines.join('')}Connection: keep-alive\r\n\r\n${message}`
}
