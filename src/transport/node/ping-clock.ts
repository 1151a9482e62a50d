/** A socket that is pinged when it is silent. The members but the calls belong to the clock. */
export interface Pinged {
  /** The second in which something came last. */
  heardAt: number
  /** The place on the ring where the next look at it is. */
  place: number
  /** Whether a ping is out. */
  awaitsPong: boolean
  /** The mark of the traffic when the last ping went out. */
  markAtPing: number
  /** A number that has risen when bytes came, or were taken. */
  trafficMark(): number
  ping(): void
  drop(cause: 'unresponsive'): void
}

/** Pings clients after some seconds of silence, and drops those from which nothing comes then. */
export interface PingClock {
  add(socket: Pinged): void
  remove(socket: Pinged): void
  /** Notes a sign of life. */
  hear(socket: Pinged): void
  /** Stops the clock. Safe to call twice. */
  close(): void
}

/**
 * Starts the clock. A client has 4 seconds for its pong where the interval is under 12, 8 under 24, and 16 from there
 * on. A ring of seconds holds each socket at its next look, so that a second costs what is due in it and not what is
 * open.
 */
export function startPingClock(pingIntervalInSeconds: number): PingClock {
  const interval = Math.max(1, Math.round(pingIntervalInSeconds))
  const patience = interval < 12 ? 4 : interval < 24 ? 8 : 16
  const ring = Array.from({ length: Math.max(interval, patience) + 1 }, () => new Set<Pinged>())
  let second = 0
  const timer = setInterval(turn, 1000).unref()

  function hear(socket: Pinged): void {
    socket.heardAt = second
    socket.awaitsPong = false
  }

  function put(socket: Pinged, inSeconds: number): void {
    socket.place = (second + inSeconds) % ring.length
    ring[socket.place]?.add(socket)
  }

  function turn(): void {
    second++
    const due = ring[second % ring.length] as Set<Pinged>
    for (const socket of due) {
      due.delete(socket)
      look(socket)
    }
  }

  function look(socket: Pinged): void {
    // A long frame that comes slowly is no message yet, and a client that reads slowly meets its ping late.
    if (socket.awaitsPong && socket.trafficMark() > socket.markAtPing) hear(socket)
    const silence = second - socket.heardAt
    if (silence < interval) return put(socket, interval - silence)
    if (socket.awaitsPong) return socket.drop('unresponsive')
    socket.awaitsPong = true
    socket.ping()
    socket.markAtPing = socket.trafficMark()
    put(socket, patience)
  }

  return {
    add(socket) {
      socket.heardAt = second
      put(socket, interval)
    },
    remove(socket) {
      ring[socket.place]?.delete(socket)
    },
    hear,
    close: () => clearInterval(timer),
  }
}
