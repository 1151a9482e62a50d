import { createServer } from 'node:net'

/** The address where a transport tried to listen. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/**
 * Finds out why nobody can listen at an address, in one sentence with the remedy. uWebSockets.js only says that it
 * failed, so node is asked to try the same.
 */
export async function listenFault(address: ListenAddress): Promise<string> {
  return listenSentence(address, await tryToListen(address))
}

/** The sentence, with the remedy, for the code of Node's error. */
export function listenSentence({ host, port }: ListenAddress, code: string | undefined): string {
  const where = `${host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return `can't listen on ${where}: another process listens there; stop it or choose another port`
    case 'EACCES':
      return `can't listen on ${where}: no permission for this port; choose one from 1024 on`
    case 'EADDRNOTAVAIL':
      return `can't listen on ${where}: no network interface of this machine has that address; choose another host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `can't listen on ${where}: the host name has no address; give an IP address`
    default:
      return `can't listen on ${where}; choose another host or port`
  }
}

/** Tries to listen at an address; the code of Node's error when that can't be, undefined when it can. */
export function tryToListen({ host, port }: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
