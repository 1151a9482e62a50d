/** Figures as reports write them: three digits that count, thousands apart, and what was not measured as a dash. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export const none = '–'

/** `1,234`, `12.3`, `1.23`, `0.042`; whole numbers without a fraction. */
export function figureText(value: number | null): string {
  return value !== null && Number.isInteger(value) ? grouped.format(value) : fixedText(value)
}

/**
 * Writes a figure as `figureText` does, with the digits after the point always there, so that a column stands in line.
 */
export function fixedText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return none
  const size = Math.abs(value)
  if (size >= 99.95) return grouped.format(value)
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995 || size === 0) return value.toFixed(2)
  return size < 0.0005 ? value.toPrecision(1) : value.toFixed(3)
}

const short = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })

/** Round values of an axis: `0.1`, `2.5`, `1,000`. */
export function tickText(value: number): string {
  return short.format(value)
}

/** Whole things: `1,234`. */
export function countText(value: number | null): string {
  return value === null ? none : grouped.format(value)
}

export function millisecondsText(value: number | null): string {
  if (value === null) return none
  return value < 10_000 ? `${figureText(value)} ms` : `${figureText(value / 1000)} s`
}

export function rateText(value: number | null): string {
  return value === null ? none : `${figureText(value)}/s`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function bytesText(value: number | null): string {
  if (value === null) return none
  let amount = value
  let unit = 0
  while (amount >= 1024 && unit < byteUnits.length - 1) {
    amount /= 1024
    unit++
  }
  return `${unit === 0 ? countText(amount) : figureText(amount)} ${byteUnits[unit]}`
}

/** A share from 0 to 1 as `12.3 %`. */
export function percentText(share: number | null): string {
  return share === null ? none : `${figureText(share * 100)} %`
}

/** A change as `+12.3 %`; `±0 %` for none. */
export function changeText(change: number | null): string {
  if (change === null) return none
  const text = figureText(Math.abs(change) * 100)
  return `${text === '0' ? '±' : change < 0 ? '−' : '+'}${text} %`
}

/** `0:42`, `12:05`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = `${String(rest).padStart(2, '0')}`
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** `850 ms`, `12.3 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${figureText(milliseconds / 1000)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 3600)
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `2026-03-01 12:00:00 UTC`: a report is read elsewhere than where it was written. */
export function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)} UTC`
}

/** `1 error`, `1,200 errors`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/** `a, b, c and 7 more`: a line has no room for hundreds. */
export function listText(items: readonly string[], most = 3): string {
  const more = items.length - most
  return more > 0 ? `${items.slice(0, most).join(', ')} and ${more} more` : items.join(', ')
}
