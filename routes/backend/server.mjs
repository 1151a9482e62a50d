// A backend of a WebSocket API that knows nothing of WebSockets: node routes/backend/server.mjs
import { createServer } from 'node:http'

/** Connection id → its name, and the URL that reaches it. */
const people = new Map()
const longestBody = 131_072

const server = createServer((request, response) => {
  handle(request).then(
    ({ status, body = '' }) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(body),
    (error) => {
      console.error(error)
      response.writeHead(500).end()
    },
  )
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})

async function handle(request) {
  const url = new URL(request.url, 'http://localhost')
  const body = await read(request)
  if (body === null) return { status: 413 }
  if (request.method === 'POST' && url.pathname === '/events') return onEvent(request.headers, url, body)
  if (request.method === 'POST' && url.pathname === '/announce') return announce(body)
  return { status: 404 }
}

/** What the gateway sends: the frame is the body, and the headers are those that api.yaml maps. */
async function onEvent({ eventtype, connectionid, domainname, stage }, url, body) {
  switch (eventtype) {
    case 'CONNECT': {
      const name = url.searchParams.get('name')
      // Any status outside of 200 to 299 refuses the handshake, and the client gets this answer.
      if (name === 'mallory') return { status: 403, body: '{"message":"Not you"}' }
      const callback = `http://${domainname}/${stage}/@connections/${encodeURIComponent(connectionid)}`
      people.set(connectionid, { name, callback })
      return { status: 200 }
    }
    case 'MESSAGE':
      // The route is two-way, so this answer is the reply.
      return { status: 200, body: JSON.stringify({ name: people.get(connectionid)?.name ?? null, youSaid: body }) }
    case 'DISCONNECT':
      people.delete(connectionid)
      return { status: 200 }
    default:
      return { status: 400, body: '{"message":"No eventType header"}' }
  }
}

/** The other direction: nobody has asked, and everyone gets a frame. */
async function announce(text) {
  let sent = 0
  for (const [connectionId, { callback }] of people) {
    const answer = await fetch(callback, { method: 'POST', body: JSON.stringify({ announcement: text }) })
    await answer.arrayBuffer()
    if (answer.ok) sent++
    else if (answer.status === 410) people.delete(connectionId)
    else console.warn(`POST ${callback} answered ${answer.status}`)
  }
  return { status: 200, body: `${JSON.stringify({ sent })}\n` }
}

async function read(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= longestBody) chunks.push(chunk)
  }
  return size > longestBody ? null : Buffer.concat(chunks).toString()
}
