import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * Sends POSTs in one write over one HTTP connection, before anything is answered (RFC 9112 §9.3.2), and gives the statuses
 * in the order of the answers, until the server ends the connection. `request` makes the target and the body of each.
 */
export async function pipelined<T>(
  port: number,
  items: readonly T[],
  request: (item: T, index: number) => readonly [target: string, body: string],
): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const texts = items.map((item, i) => {
    const [target, body] = request(item, i)
    const head = [`POST ${target} HTTP/1.1`, 'Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`]
    return `${[...head, ...(i === items.length - 1 ? ['Connection: close'] : [])].join('\r\n')}\r\n\r\n${body}`
  })
  socket.write(texts.join(''))
  const statuses = () => [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))
  let text = ''
  for await (const piece of socket) {
    text += (piece as Buffer).toString('latin1')
    if (statuses().length === items.length) break
  }
  return statuses()
}
