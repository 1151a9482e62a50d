import { once } from 'node:events'
import { WebSocket } from 'ws'

/** A look into another Node.js process that was started with `--inspect=0`. */
export interface Inspector {
  /** The value of an expression there; it must be JSON. */
  evaluate<Value>(expression: string): Promise<Value>
  collectGarbage(): Promise<void>
  /** Entries of all Maps and Sets that are alive there, together. */
  countEntries(): Promise<number>
  close(): void
}

/** Opens an inspector; `url` is what the process prints after `Debugger listening on`. */
export async function inspect(url: string): Promise<Inspector> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 })
  await once(socket, 'open')
  const waiting = new Map<number, (answer: { result?: never; error?: { message: string } }) => void>()
  let calls = 0
  socket.on('message', (data: Buffer) => {
    const { id, ...answer } = JSON.parse(data.toString())
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })

  // biome-ignore lint/suspicious/noExplicitAny: the protocol's answers are as many as its methods
  async function call(method: string, params: object = {}): Promise<any> {
    const id = ++calls
    const answered = new Promise<{ result?: never; error?: { message: string } }>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params }))
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  async function entriesOf(collection: string): Promise<number> {
    const group = { objectGroup: 'count' }
    const prototype = await call('Runtime.evaluate', { expression: `${collection}.prototype`, ...group })
    const { objects } = await call('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId, ...group })
    const sum = await call('Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: `function () {
        const { get } = Object.getOwnPropertyDescriptor(${collection}.prototype, 'size')
        let sum = 0
        // Prototypes of subclasses are among the objects, and have no size.
        for (const each of this) try { sum += get.call(each) } catch {}
        return sum
      }`,
      returnByValue: true,
    })
    await call('Runtime.releaseObjectGroup', group)
    return sum.result.value
  }

  return {
    async evaluate(expression) {
      const { result } = await call('Runtime.evaluate', { expression, returnByValue: true })
      return result.value
    },
    collectGarbage: () => call('HeapProfiler.collectGarbage'),
    countEntries: async () => (await entriesOf('Map')) + (await entriesOf('Set')),
    close: () => socket.close(),
  }
}
