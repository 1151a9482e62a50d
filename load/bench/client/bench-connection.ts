import { RawConnection } from '../../src/client/raw-connection.ts'

/** A connection to the server under load, which listens on loopback. */
export class BenchConnection extends RawConnection {
  constructor(port: number, localAddress?: string) {
    super({ host: '127.0.0.1', port, tls: null, localAddress })
  }

  /** Writes a handshake and resolves, with what came right behind it, once its 101 has been read; else rejects. */
  upgrade(path: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let head = ''
      this.onBytes = (bytes, length) => {
        head += bytes.toString('latin1', 0, length)
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        this.onBytes = () => {}
        if (head.startsWith('HTTP/1.1 101 ')) resolve(Buffer.from(head.slice(end + 4), 'latin1'))
        else reject(new Error(`the handshake was answered with ${head}`))
      }
      this.socket.write(handshakeBytes(path))
    })
  }
}

/** The same bytes for every connection: what a server does with a key does not depend on the key. */
export function handshakeBytes(path: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n' +
      'Origin: http://localhost\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.5\r\n\r\n',
  )
}
