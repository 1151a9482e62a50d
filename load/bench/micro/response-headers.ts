// What it costs to hand the headers of a response to uWebSockets.js: npx tsx load/bench/micro/response-headers.ts
import { Agent, request } from 'node:http'

process.env.UWS_HTTP_MAX_HEADERS_SIZE = '16384'
const { App, us_socket_local_port, _cfg } = await import('uWebSockets.js')
_cfg('silent')

const requests = 6000
const warmUp = 2000
const perRequest = 20
const nanos = new Map<string, number[]>()
let id = 0

/** Runs a way of writing some times within one request, and remembers what one time took. */
function time(name: string, write: (requestId: string) => void): void {
  const requestId = `01234567-89ab-cdef-0123-${String(100_000_000_000 + id++)}`
  const start = process.hrtime.bigint()
  for (let i = 0; i < perRequest; i++) write(requestId)
  const took = Number(process.hrtime.bigint() - start) / perRequest
  nanos.set(name, [...(nanos.get(name) ?? []), took])
}

const app = App().any('/*', (response) => {
  response.writeStatus('200 OK')
  time('a call for each of four headers', (requestId) => {
    response.writeHeader('Content-Type', 'application/json')
    response.writeHeader('x-amzn-RequestId', requestId)
    response.writeHeader('x-amz-apigw-id', 'L0SM9cOFvHcCIhw=')
    response.writeHeader('x-amzn-trace-id', requestId)
  })
  time('the same four joined for one call', (requestId) => {
    response.writeHeader(
      'Content-Type',
      `application/json\r\nx-amzn-RequestId: ${requestId}\r\nx-amz-apigw-id: L0SM9cOFvHcCIhw=\r\nx-amzn-trace-id: ${requestId}`,
    )
  })
  response.end()
})

app.listen('127.0.0.1', 0, async (socket) => {
  if (socket === false) throw new Error('no free port')
  const agent = new Agent({ keepAlive: true })
  for (let i = 0; i < requests; i++) {
    if (i === warmUp) nanos.clear()
    await get(us_socket_local_port(socket), agent)
  }
  for (const [name, all] of nanos) {
    const sorted = all.sort((a, b) => a - b)
    process.stdout.write(`${name}: ${(sorted[sorted.length >> 1] as number).toFixed(0)} ns\n`)
  }
  agent.destroy()
  app.close()
})

function get(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ port, agent }, (response) => response.resume().on('end', resolve))
      .on('error', reject)
      .end()
  })
}
