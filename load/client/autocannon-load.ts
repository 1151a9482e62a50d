import autocannon from 'autocannon'
import type { Load, LoadOptions } from './load.ts'
import { openReceiver, receiveBeside } from './post-load.ts'
import { RawConnection } from './raw-connection.ts'
import type { Tally } from './tally.ts'

const longerThanAnyRun = 3600

/** The load of the POST row, driven by autocannon: a second opinion on the rates that our own driver reaches. */
export function createAutocannonLoad(options: LoadOptions, tally: Tally): Load {
  const receivers = Array.from({ length: options.connections }, () => new RawConnection(options.port))
  let instance: autocannon.Instance | null = null

  return {
    async open() {
      const requests: autocannon.Request[] = []
      for (const receiver of receivers) {
        await receiver.opened
        const connectionId = await openReceiver(receiver, options.path)
        receiveBeside(receiver, options.message.length, tally)
        requests.push({ method: 'POST', path: `${options.path}/@connections/${encodeURIComponent(connectionId)}` })
      }
      instance = autocannon({
        url: `http://127.0.0.1:${options.port}`,
        connections: options.connections,
        duration: longerThanAnyRun,
        headers: { 'Content-Type': 'application/octet-stream' },
        body: options.message,
        requests,
      })
      instance.on('response', (_client, status, _bytes, millis) => {
        if (status !== 200) tally.error()
        tally.operation(millis)
      })
      instance.on('reqError', () => tally.error())
      await tally.started
    },
    close() {
      instance?.stop()
      for (const { socket } of receivers) socket.destroy()
    },
  }
}
