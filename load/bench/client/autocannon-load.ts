import type autocannon from 'autocannon'
import { BenchConnection } from './bench-connection.ts'
import type { Load, LoadOptions } from './load.ts'
import { openReceiver, receiveBeside } from './post-load.ts'
import type { LoadTally } from './tally.ts'

const longerThanAnyRun = 3600

/**
 * The load of the POST row, driven by autocannon: a second opinion on the rates that our own driver reaches. It can't
 * stand still, so that it connects anew each time it goes on.
 */
export function createAutocannonLoad(options: LoadOptions, tally: LoadTally): Load {
  const receivers = Array.from({ length: options.connections }, () => new BenchConnection(options.port))
  const requests: autocannon.Request[] = []
  // Loaded by the clients that need it only: it takes as long to load as all the rest.
  const loaded = import('autocannon')
  let start: typeof autocannon
  let instance: autocannon.Instance | null = null

  return {
    async open() {
      start = (await loaded).default
      for (const receiver of receivers) {
        await receiver.opened
        const connectionId = await openReceiver(receiver, options.path)
        receiveBeside(receiver, options.message.length, tally)
        requests.push({ method: 'POST', path: `${options.path}/@connections/${encodeURIComponent(connectionId)}` })
      }
    },
    resume() {
      instance = start({
        url: `http://127.0.0.1:${options.port}`,
        connections: options.connections,
        duration: longerThanAnyRun,
        headers: { 'Content-Type': 'application/octet-stream' },
        body: options.message,
        requests,
      })
      instance.on('response', (_client, status, _bytes, millis) => {
        if (status !== 200) tally.error(`status ${status}`)
        tally.operation(millis)
      })
      instance.on('reqError', () => tally.error('a request failed'))
    },
    async pause() {
      const ended = new Promise<void>((resolve) => instance?.on('done', resolve))
      instance?.stop()
      await ended
    },
  }
}
