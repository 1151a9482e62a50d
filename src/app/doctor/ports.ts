import { get } from 'node:http'
import type { Settings } from '../../config/settings.ts'
import { listenSentence, tryToListen } from '../../transport/listen-fault.ts'
import { type Finding, failed, ok } from './look.ts'

const patienceInMillis = 2_000

/** Whether both ports can be listened on. One that a running gateway holds is fine. */
export async function lookAtPorts(settings: Settings): Promise<Finding[]> {
  const { host, port, managementHost, managementPort } = settings
  return [
    await lookAtPort('port', { host, port }, settings),
    await lookAtPort('management port', { host: managementHost, port: managementPort }, settings),
  ]
}

async function lookAtPort(
  look: string,
  { host, port }: { host: string; port: number },
  settings: Settings,
): Promise<Finding> {
  if (port === 0) return ok(look, `a free one of ${host}`)
  const code = await tryToListen({ host, port })
  if (code === undefined) return ok(look, `${host}:${port} is free`)
  if (code === 'EADDRINUSE' && (await isGateway(settings))) {
    return ok(look, `${host}:${port} is taken, while a gateway answers at the management port`)
  }
  return failed(look, listenSentence({ host, port }, code), 'choose another host or port')
}

/** Whether a running gateway answers at the management port. */
function isGateway({ managementHost, managementPort }: Settings): Promise<boolean> {
  const host = managementHost === '0.0.0.0' ? '127.0.0.1' : managementHost === '::' ? '::1' : managementHost
  return new Promise((resolve) => {
    const request = get({ host, port: managementPort, path: '/healthz', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.setTimeout(patienceInMillis, () => request.destroy(new Error('no answer')))
    request.on('error', () => resolve(false))
  })
}
