/** Connection id → name. It lives as long as the function's process does: a real deployment keeps it in a store. */
const people = new Map()
let guests = 0

const namePattern = /^[\p{L}\p{N}_-]{1,20}$/u
const longestText = 1000
const postsAtOnce = 32

export async function chat(event) {
  const { routeKey, connectionId, domainName, stage } = event.requestContext
  const room = createRoom(`${process.env.SCHEME}://${domainName}/${stage}`)
  const message = event.body === undefined ? {} : JSON.parse(event.body)

  switch (routeKey) {
    case '$connect':
      // The one who connects can't get anything yet: the handshake is answered after this function is.
      await room.toAll({ type: 'joined', name: enter(connectionId) }, { except: connectionId })
      return { statusCode: 200 }

    case '$disconnect': {
      const name = people.get(connectionId)
      people.delete(connectionId)
      if (name !== undefined) await room.toAll({ type: 'left', name })
      return { statusCode: 200 }
    }

    case 'say': {
      const from = enter(connectionId)
      const text = typeof message.text === 'string' ? message.text.trim() : ''
      if (text === '') await room.to(connectionId, fault('text is missing or empty'))
      else if (text.length > longestText) await room.to(connectionId, fault(`text is longer than ${longestText}`))
      else await room.toAll({ type: 'said', from, text })
      return { statusCode: 200 }
    }

    case 'nick': {
      const from = enter(connectionId)
      const refusal = whyNot(message.name, connectionId)
      if (refusal !== null) return reply(fault(refusal))
      people.set(connectionId, message.name)
      if (message.name !== from) {
        await room.toAll({ type: 'renamed', from, to: message.name }, { except: connectionId })
      }
      return reply({ type: 'you', name: message.name })
    }

    case 'who':
      enter(connectionId)
      return reply({ type: 'people', names: [...people.values()].sort() })

    default:
      return { statusCode: 404 }
  }
}

/** The name of a connection; one that we have not heard of becomes a guest. */
function enter(connectionId) {
  const known = people.get(connectionId)
  if (known !== undefined) return known
  do guests++
  while (isTaken(`guest-${guests}`))
  people.set(connectionId, `guest-${guests}`)
  return `guest-${guests}`
}

function whyNot(name, connectionId) {
  if (typeof name !== 'string' || !namePattern.test(name)) return 'a name is 1 to 20 letters, digits, - and _'
  return isTaken(name, connectionId) ? `${name} is taken` : null
}

function isTaken(name, except) {
  const wanted = name.toLowerCase()
  return [...people].some(([id, taken]) => id !== except && taken.toLowerCase() === wanted)
}

function reply(message) {
  return { statusCode: 200, body: JSON.stringify(message) }
}

function fault(message) {
  return { type: 'error', message }
}

/** Speaks to connections through the callback API of this API and stage. */
function createRoom(endpoint) {
  async function post(connectionId, body) {
    const url = `${endpoint}/@connections/${encodeURIComponent(connectionId)}`
    const response = await fetch(url, { method: 'POST', body })
    const answer = await response.text()
    // Gone without a $disconnect that we saw: nobody to speak to any more.
    if (response.status === 410) people.delete(connectionId)
    else if (!response.ok) console.warn(`POST ${url} answered ${response.status} ${answer}`)
  }

  return {
    to: (connectionId, message) => post(connectionId, JSON.stringify(message)),

    async toAll(message, { except } = {}) {
      const body = JSON.stringify(message)
      const ids = [...people.keys()].filter((id) => id !== except)
      const postNext = async () => {
        for (let id = ids.pop(); id !== undefined; id = ids.pop()) await post(id, body)
      }
      await Promise.all(Array.from({ length: postsAtOnce }, postNext))
    },
  }
}
