const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

let cachedSecond = Number.NaN
let cachedText = ''

/**
 * `$context.requestTime`: milliseconds since 1970 in Common Log Format, `05/Oct/2025:08:09:10 +0000`; always UTC and
 * English. Events come thousands to the second, so the last second's text is kept.
 */
export function requestTime(epoch: number): string {
  const second = Math.floor(epoch / 1000)
  if (second === cachedSecond) return cachedText
  const date = new Date(second * 1000)
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${String(date.getUTCFullYear()).padStart(4, '0')}`
  cachedText = `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
  cachedSecond = second
  return cachedText
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}
