import { LinkedList, type ListItem, unlink } from '../../vocabulary/linked-list.ts'

/** A socket that is pinged when it is silent. The members but the calls belong to the clock. */
export interface Pinged extends ListItem {
  /** The second in which something came last. */
  heardAt: number
  /** Whether a ping is out. */
  awaitsPong: boolean
  /** The mark of the traffic when the last ping went out. */
  markAtPing: number
  /** A number that has risen when bytes came, or were taken. */
  trafficMark(): number
  ping(): void
  drop(cause: 'unresponsive'): void
}

/** Knows the open sockets, pings clients after some seconds of silence, and drops those from which nothing comes then. */
export interface PingClock<Socket extends Pinged> {
  add(socket: Socket): void
  remove(socket: Socket): void
  /** Notes a sign of life. */
  hear(socket: Socket): void
  /** Copies the sockets into an array. */
  all(): Socket[]
  /** Stops the clock. Safe to call twice. */
  close(): void
}

/**
 * Starts the clock; with an interval of 0 it pings nobody. A client has 4 seconds for its pong where the interval is under 12, 8 under 24, and 16 from there
 * on. A ring of seconds holds each socket at its next look, so that a second costs what is due in it and not what is
 * open.
 */
export function startPingClock<Socket extends Pinged>(pingIntervalInSeconds: number): PingClock<Socket> {
  const pings = pingIntervalInSeconds > 0
  const interval = Math.max(1, Math.round(pingIntervalInSeconds))
  const patience = interval < 12 ? 4 : interval < 24 ? 8 : 16
  const seconds = pings ? Math.max(interval, patience) + 1 : 1
  const ring = Array.from({ length: seconds }, () => new LinkedList<Socket>())
  let second = 0
  const timer = pings ? setInterval(turn, 1000).unref() : null

  function hear(socket: Socket): void {
    socket.heardAt = second
    socket.awaitsPong = false
  }

  function put(socket: Socket, inSeconds: number): void {
    ring[(second + inSeconds) % seconds]?.add(socket)
  }

  function turn(): void {
    second++
    const due = ring[second % seconds]
    for (let socket = due?.first ?? null; socket !== null; socket = due?.first ?? null) {
      unlink(socket)
      look(socket)
    }
  }

  function look(socket: Socket): void {
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
    remove: unlink,
    hear,
    all: () => ring.flatMap((each) => each.all()),
    close() {
      if (timer !== null) clearInterval(timer)
    },
  }
}
