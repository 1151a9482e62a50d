// What every baseline shares: uWebSockets.js as bare as it can be used, on a free port or on PORT.
process.env.UWS_HTTP_MAX_HEADERS_SIZE = '16384'
const { App, us_socket_local_port, _cfg } = await import('uWebSockets.js')
_cfg('silent')

process.on('SIGTERM', () => process.exit())

export { App }

/** @param {import('uWebSockets.js').TemplatedApp} app */
export function listen(app) {
  app.listen('127.0.0.1', Number(process.env.PORT ?? 0), (socket) => {
    if (socket === false) throw new Error('no free port')
    console.log(JSON.stringify({ port: us_socket_local_port(socket) }))
  })
}
