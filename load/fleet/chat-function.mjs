// The function of routes/chat behind the Lambda API, for nodes that share one room: what the example keeps in its
// memory is then kept once. As under `maxConcurrency: 1` it does one thing at a time.
import { createServer } from 'node:http'

/** The example's file: node load/fleet/chat-function.mjs <routes>/chat/handlers.mjs */
const { chat } = await import(process.argv[2] ?? '')

/** @type {Promise<unknown>} */
let last = Promise.resolve()

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const event = JSON.parse(Buffer.concat(chunks).toString())
  const result = last.then(() => chat(event))
  last = result.catch(() => {})
  result.then(
    (value) => response.end(JSON.stringify(value)),
    (error) => {
      console.error(error)
      response.setHeader('X-Amz-Function-Error', 'Unhandled')
      response.end(JSON.stringify({ errorMessage: error.message, errorType: error.name }))
    },
  )
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : null }))
})
