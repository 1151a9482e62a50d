// What the servers over the gateway's transport share.
/** @type {import('../../../src/observability/contract.ts').Log} */
export const silentLog = { debug() {}, info() {}, warn() {}, error: console.error, child: () => silentLog }

/** @type {import('../../../src/transport/contract.ts').TransportOptions} */
export const transportOptions = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  exclusivePort: true,
  maxMessageBytes: 524_288,
  maxBufferedBytes: 1_048_576,
  pingIntervalInSeconds: 0,
  compression: true,
}
