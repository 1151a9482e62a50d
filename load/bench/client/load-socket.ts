import { FrameReader, maskedFrame, maskedTextFrame, opcodes } from '../../src/client/frame-codec.ts'
import { BenchConnection } from './bench-connection.ts'
import type { LoadOptions } from './load.ts'

/** Engine.IO 4: packet type 3 answers type 2, which the server sends every 25 seconds and insists on. */
const engineIoPong = maskedTextFrame('3')
/** Socket.IO 5: asks for the main namespace. */
const socketIoConnect = maskedTextFrame('40')

let lastNumber = 0

/** A WebSocket as the client of a peer opens it: with the first messages that its dialect needs, pings answered. */
export class LoadSocket {
  /** Gets the payload length of each message once the socket is open. */
  onMessage: (bytes: number) => void = () => {}
  /** Called when the connection ends, whoever ended it, once the socket was open. */
  onClose: () => void = () => {}
  readonly #options: LoadOptions
  readonly #connection: BenchConnection
  readonly #number = `${process.pid}-${++lastNumber}`
  #address = this.#number
  #awaitText: ((text: string) => void) | null = null

  /** Begins to connect. */
  constructor(options: LoadOptions) {
    this.#options = options
    this.#connection = new BenchConnection(options.port)
  }

  /** The id that posts name to reach this socket. */
  get address(): string {
    return this.#address
  }

  /** Resolves when messages can come and go. */
  async open(): Promise<void> {
    const { path, dialect, whoami } = this.#options
    const connection = this.#connection
    await connection.opened
    const rest = await connection.upgrade(path.replace('{number}', this.#number))
    const reader = this.#reader()
    connection.onBytes = (bytes, length) => reader.read(bytes, length)
    connection.socket.on('close', () => this.onClose())
    if (dialect === 'socket.io') {
      const opened = this.#nextText()
      reader.read(rest)
      await opened
      this.#address = (JSON.parse((await this.#ask(socketIoConnect)).slice(2)) as { sid: string }).sid
    } else reader.read(rest)
    if (whoami !== undefined) {
      this.#address = (JSON.parse(await this.#ask(maskedTextFrame(whoami))) as { connectionId: string }).connectionId
    }
  }

  send(frame: Buffer): void {
    this.#connection.socket.write(frame)
  }

  /** Ends the connection with a reset, which leaves no TIME_WAIT behind. */
  reset(): void {
    this.#connection.socket.resetAndDestroy()
  }

  #reader(): FrameReader {
    const isEngineIo = this.#options.dialect === 'socket.io'
    return new FrameReader(
      (bytes, source, start) => {
        if (isEngineIo && bytes === 1) this.send(engineIoPong)
        else if (this.#awaitText === null) this.onMessage(bytes)
        else this.#awaitText(source.toString('utf8', start, start + bytes))
      },
      {
        wantsPayload: true,
        onControl: (opcode, payload) => {
          if (opcode === opcodes.ping) this.send(maskedFrame(opcodes.pong, payload))
        },
      },
    )
  }

  #ask(frame: Buffer): Promise<string> {
    const reply = this.#nextText()
    this.send(frame)
    return reply
  }

  #nextText(): Promise<string> {
    return new Promise((resolve) => {
      this.#awaitText = (text) => {
        this.#awaitText = null
        resolve(text)
      }
    })
  }
}
