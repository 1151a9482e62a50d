import { randomUUID } from 'node:crypto'

/** The notes by their ids, while the process lives. */
const known = new Map()

const answer = (statusCode, value) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** Events of format 2.0: what is asked for stands in `routeKey`. */
export async function notes(event) {
  const { id } = event.pathParameters ?? {}
  switch (event.routeKey) {
    case 'GET /notes':
      // Any JSON is an answer: it is 200 and application/json.
      return [...known.values()]
    case 'POST /notes':
      return await add(event)
    case 'GET /notes/{id}':
      return known.has(id) ? known.get(id) : answer(404, { message: 'no such note' })
    default:
      return known.delete(id) ? { statusCode: 204 } : answer(404, { message: 'no such note' })
  }
}

async function add({ body = '', isBase64Encoded }) {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
  const note = { id: randomUUID(), text: textOf(text) }
  if (note.text === null) return answer(400, { message: 'allowed: {"text": "…"}' })
  if (known.size >= 1_000) known.delete(known.keys().next().value)
  known.set(note.id, note)
  await tell(note)
  return answer(201, note)
}

function textOf(json) {
  try {
    const { text } = JSON.parse(json)
    return typeof text === 'string' && text !== '' ? text : null
  } catch {
    return null
  }
}

/** Tells everybody in the room. A room that nobody is in is told as well; one that can't be reached loses no note. */
async function tell(note) {
  const { ROOM } = process.env
  if (!ROOM) return
  const body = JSON.stringify({ type: 'note', ...note })
  const told = await fetch(ROOM, { method: 'POST', body }).then(
    ({ status }) => (status < 300 ? null : status),
    ({ message }) => message,
  )
  if (told !== null) console.warn(`the room was not told: ${told}`)
}
