const firstSeconds = 1
const mostSeconds = 30
const mostTries = 10

/**
 * The attempts to connect again after a connection that ended by itself: each waits twice as long as the one before, up
 * to half a minute, give or take a quarter, so that pages do not all come back at once.
 * @param {{ attempt: () => void, timers?: { setTimeout(run: () => void, millis: number): number,
 *   clearTimeout(timer: number | undefined): void }, random?: () => number }} parts
 */
export function createReconnect({ attempt, timers = window, random = Math.random }) {
  let tries = 0
  /** @type {number | undefined} */
  let timer

  function stop() {
    timers.clearTimeout(timer)
    timer = undefined
    tries = 0
  }

  return {
    /** Whether the attempt at hand, or the one that waits, is a further one. */
    isUnderWay: () => tries > 0,
    /** Plans the next attempt and gives the seconds until then; null when there have been enough. */
    plan() {
      if (tries >= mostTries) {
        stop()
        return null
      }
      const seconds = Math.min(mostSeconds, firstSeconds * 2 ** tries) * (0.75 + random() / 2)
      tries++
      timer = timers.setTimeout(() => {
        timer = undefined
        attempt()
      }, seconds * 1000)
      return seconds
    },
    /** The connection stands, or nobody wants it any more: nothing waits, and the count begins anew. */
    stop,
  }
}
