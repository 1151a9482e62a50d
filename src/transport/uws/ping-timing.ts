/**
 * The shortest silence in seconds before a ping. uWebSockets.js pings a silent client some seconds before its idle
 * timeout and drops it when nothing came by then: 4 seconds before for timeouts under 16 seconds, 8 under 32, 16 from
 * there on. Only what comes from the client, or bytes that it takes after it was slow, count as a sign of life.
 * Timeouts are kept in steps of 4 seconds.
 */
const shortest = 4
/**
 * The longest silence in seconds before a ping: uWebSockets.js takes at most 960 seconds of idle timeout and ends the
 * process above that.
 */
const longest = 944

/**
 * The settings of uWebSockets.js that ping after so many seconds of silence, 0 for never. Values outside of 4 to 944
 * are moved to the nearest that is possible, since uWebSockets.js would end the process.
 */
export function pingTiming(pingIntervalInSeconds: number): { idleTimeout: number; sendPingsAutomatically: boolean } {
  if (pingIntervalInSeconds === 0) return { idleTimeout: 0, sendPingsAutomatically: false }
  const interval = Math.min(longest, Math.max(shortest, Math.round(pingIntervalInSeconds)))
  const margin = interval < 12 ? 4 : interval < 24 ? 8 : 16
  return { idleTimeout: interval + margin, sendPingsAutomatically: true }
}
