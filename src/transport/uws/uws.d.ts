import type {} from 'uWebSockets.js'

// The package declares its constants as types and leaves out what it does not document; these exist at run time.
declare module 'uWebSockets.js' {
  export const DISABLED: number
  export const SHARED_COMPRESSOR: number
  export const SHARED_DECOMPRESSOR: number
  export const LIBUS_LISTEN_EXCLUSIVE_PORT: 1
  /** Configures the native code: `silent` takes away the response header that names the server. */
  export function _cfg(key: 'silent'): void
  interface TemplatedApp {
    /** Has the routes that are added from now on be those of a server name. */
    domain(domainName: string): TemplatedApp
    listen(
      host: string,
      port: number,
      options: number,
      callback: (listenSocket: us_listen_socket | false) => void,
    ): TemplatedApp
  }
}
